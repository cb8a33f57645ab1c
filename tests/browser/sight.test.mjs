// What the eye meets: how the page begins, what a drag leaves in view, phones, frames, pictures of the gallery, and words.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clean, digest, enter, fresh, open, pane, press } from "./support.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

const box = (page, id) => page.locator(`[id="stage-${id}"] > rect:not(.ring)`).first().boundingBox();
const selected = (page) => page.locator(".topology .selected").evaluateAll((all) => all.map((e) => e.id.slice("stage-".length)).sort());

/** Waits until something is so. */
async function until(read, what) {
  const end = Date.now() + 10_000;
  while (!(await read())) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

async function paused(address = "", options = {}) {
  const page = await fresh(lab, address, options);
  await digest(page);
  await page.getByRole("button", { name: "Pause" }).click();
  return page;
}

/** Drags in small steps from one place to another. */
async function drag(page, [x, y], [dx, dy]) {
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + dx / 2, y + dy / 2, { steps: 3 });
  await page.mouse.move(x + dx, y + dy, { steps: 3 });
  await page.mouse.up();
}

test("a scenario of the gallery begins where its question is seen, unless the address says otherwise", async () => {
  const at = async (address) => {
    const page = await paused(address);
    const seconds = Number(await page.locator('input[aria-label="Playhead"]').inputValue());
    clean(page);
    return seconds;
  };
  const opened = await at("");
  assert.ok(opened >= 19.1 && opened < 22, `${opened} s`);
  const asked = await at("#/gallery/three-edges?t=31s");
  assert.ok(asked >= 31 && asked < 34, `${asked} s`);
  const other = await at("#/gallery/cold-start");
  assert.ok(other < 15, `${other} s`);
});

test("what is dropped stays under the pointer: the picture is not fitted anew", async () => {
  const page = await paused();
  const [zone, users] = [await box(page, "region"), await box(page, "users")];
  // By its name, which stands at the upper edge.
  await drag(page, [zone.x + 30, zone.y + 10], [0, 90]);
  await until(async () => Math.abs((await box(page, "region")).y - zone.y - 90) < 12, "the zone was moved");
  await page.waitForTimeout(300); // long enough to glide somewhere else
  const there = await box(page, "region");
  assert.ok(Math.abs(there.x - zone.x) < 12 && Math.abs(there.y - zone.y - 90) < 12, JSON.stringify(there));
  assert.deepEqual(await box(page, "users"), users, "nothing else moved");
  clean(page);
});

test("a marquee begins inside a zone, a click there selects the zone, and then it is dragged from anywhere", async () => {
  const page = await paused();
  const [one, three, edge] = [await box(page, "worker-1"), await box(page, "worker-3"), await box(page, "edge")];
  await drag(page, [one.x - 14, one.y - 4], [three.width + 20, three.y + three.height - one.y + 10]);
  await until(async () => (await selected(page)).join() === "worker-1,worker-2,worker-3", "the workers are selected");
  assert.deepEqual(await box(page, "edge"), edge, "the zone stays");
  await page.mouse.click(edge.x + 40, edge.y + 60);
  await until(async () => (await selected(page)).join() === "edge", "a click selects the zone");
  await drag(page, [edge.x + 40, edge.y + 60], [-40, 0]);
  await until(async () => (await box(page, "edge")).x < edge.x - 20, "the selected zone is dragged");
  clean(page);
});

test("on a phone an edit is answered in one line, and the fields are named after what was tapped", async () => {
  const page = await fresh(lab, "", { viewport: { width: 400, height: 800 }, hasTouch: true });
  const first = await digest(page);
  assert.equal(await page.locator(".answer").count(), 0);
  await pane(page, "Settings");
  await enter(page, "policies.keep_alive.ttl_s", "60");
  await digest(page, first);
  assert.match(await page.locator(".answer").textContent(), /P99 slowdown 10\.2 → 3\.00×.*Idle .* GB/);
  assert.equal(await page.locator(".answer").evaluate((e) => e.scrollWidth <= e.clientWidth), true, "it fits");
  await pane(page, "Results");
  assert.equal(await page.locator(".answer").isVisible(), false, "the figures say it there");
  const columns = ["Invocation", "Function", "Start", "Response", "Slowdown"];
  await page.getByRole("tab", { name: "Invocations" }).click();
  await page.locator(".grid .rows > [role=row]").first().waitFor();
  for (const name of columns) {
    const head = await page.getByRole("columnheader", { name, exact: true }).boundingBox();
    assert.ok(head.x >= 0 && head.x + head.width <= 400.5, `${name} ends at ${head.x + head.width}`);
  }
  await pane(page, "Stage");
  const worker = await box(page, "worker-1");
  await page.touchscreen.tap(worker.x + worker.width / 2, worker.y + worker.height / 2);
  await page.locator(".panes").getByRole("button", { name: "Settings: worker-1" }).waitFor();
  clean(page);
});

test("a frame of a course page shows stage and chart whole, and its page does not scroll", async () => {
  for (const [width, height] of [[720, 480], [640, 400], [400, 640], [1280, 800]]) {
    const page = await fresh(lab, "#/gallery/three-edges?embed=stage,cdf", { viewport: { width, height } });
    await page.locator('.chart canvas[role="img"]').waitFor();
    const stands = await page.evaluate(() => {
      const rect = (selector) => document.querySelector(selector).getBoundingClientRect();
      const [stage, chart, transport] = [".stage-view", ".chart", ".transport"].map(rect);
      const root = document.documentElement;
      return {
        scrolls: root.scrollHeight > innerHeight || root.scrollWidth > innerWidth,
        stage: stage.height, chart: chart.height, end: chart.bottom, transport: transport.height,
      };
    });
    const size = `${width} x ${height}: ${JSON.stringify(stands)}`;
    assert.equal(stands.scrolls, false, size);
    assert.ok(stands.stage >= 140 && stands.chart >= 120 && stands.end <= height && stands.transport <= 58, size);
    clean(page);
  }
});

test("the gallery shows runs: containers and messages, in the colours of the theme", async () => {
  const page = await fresh(lab);
  await digest(page);
  await page.getByRole("button", { name: "Gallery" }).click();
  const pictures = page.locator("dialog .card .picture");
  const alive = () => pictures.evaluateAll((all) => all.filter((e) => e.innerHTML.includes("var(--running)")).length);
  await until(async () => (await alive()) >= 40, "most runs have something running");
  const plain = () => pictures.evaluateAll((all) => all.filter((e) => !e.innerHTML.includes("var(--")).length);
  await until(async () => (await plain()) === 0, "each is of a run");
  // Close stays in reach.
  await page.locator("dialog .card").last().scrollIntoViewIfNeeded();
  await page.locator("dialog header").getByRole("button", { name: "Close" }).click();
  clean(page);
});

test("beside a fork charts speak of the original, and the timeline in the words of the fields", async () => {
  const page = await paused();
  const first = await digest(page);
  await page.getByRole("button", { name: "Fork", exact: true }).click();
  await enter(page, "policies.keep_alive.ttl_s", "60");
  await digest(page, first);
  const plot = page.locator('[data-chart="cdf"] .chart-plot, .chart .chart-plot').first();
  const at = await plot.boundingBox();
  await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
  const readout = page.locator(".chart-readout:not([hidden])").first();
  await readout.waitFor();
  assert.match(await readout.textContent(), /original run/);
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await page.locator(".inspector summary", { hasText: "Timeline (1)" }).click();
  assert.match(await page.locator(".changes span").textContent(), /^19\.\d+ s: keep alive for 60 s$/);
  await page.mouse.move(at.x + at.width / 2 + 1, at.y + at.height / 2);
  assert.match(await readout.textContent(), /previous run/);
  clean(page);
});

test("a long lesson is folded, so that the three choices are on the first screen", async () => {
  const page = await fresh(lab, "#/gallery/retry-storm");
  await digest(page);
  const lesson = page.locator(".lesson");
  const short = (await lesson.boundingBox()).height;
  assert.ok(short < 120, `${short}`);
  assert.match(await lesson.textContent(), /\. Read on$/, "it ends with a sentence");
  await lesson.getByRole("button", { name: "Read on" }).click();
  assert.ok((await lesson.boundingBox()).height > 250);
  assert.match(await lesson.textContent(), /0\.5 % are lost\.$/);
  clean(page);
});

test("the values under the pointer stay on a narrow chart", async () => {
  const page = await fresh(lab, "", { viewport: { width: 1024, height: 768 } });
  await digest(page);
  const plot = page.locator(".chart-time .chart-plot").first();
  await plot.scrollIntoViewIfNeeded();
  const at = await plot.boundingBox();
  for (const share of [0.3, 0.5, 0.7]) {
    await page.mouse.move(at.x + at.width * share, at.y + at.height / 2);
    await plot.locator(".chart-readout").waitFor();
    const readout = await plot.locator(".chart-readout").boundingBox();
    assert.ok(readout.x >= at.x - 1 && readout.x + readout.width <= at.x + at.width + 1, JSON.stringify([share, at, readout]));
  }
  clean(page);
});

test("all controls of the inspector end at one edge, and no choice is cut", async () => {
  const page = await fresh(lab);
  await digest(page);
  await page.locator(".inspector summary").evaluateAll((all) => all.forEach((e) => { e.parentElement.open = true; }));
  const controls = await page.locator(".inspector .panel > .choice .select, .inspector .panel > .choice .input, .inspector .panel > details > .field > .input").evaluateAll((all) =>
    all.map((e) => { const r = e.getBoundingClientRect(); return { right: Math.round(r.right), name: e.closest(".field").textContent }; }));
  assert.ok(controls.length > 12, `${controls.length}`);
  assert.deepEqual(controls.filter((c) => c.right !== controls[0].right), []);
  const inputs = await page.locator(".inspector .number input").evaluateAll((all) => all.map((e) => e.getBoundingClientRect().right - e.parentElement.getBoundingClientRect().right));
  assert.ok(inputs.length > 0 && inputs.every((beyond) => Math.abs(beyond) < 1), "a field is as wide as it may be, its unit is in it");
  const cut = await page.locator(".select > span").evaluateAll((all) => all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent));
  assert.deepEqual(cut, []);
  const load = page.locator('[id="f-policies.placement.load"]');
  const shown = () => load.evaluate((e) => [e.nextElementSibling.textContent, e.selectedOptions[0].textContent]);
  await load.selectOption({ index: 1 });
  await until(async () => new Set(await shown()).size === 1, `${await shown()}`);
  clean(page);
});

test("a chart is whole or not in view, and where there are more a button leads there", async () => {
  for (const [width, height, sheets] of [[1280, 800, 2], [1440, 900, 2], [1920, 1080, 1]]) {
    const page = await fresh(lab, "", { viewport: { width, height } });
    await digest(page);
    const view = () => page.locator(".tab-body").evaluate((body) => {
      const inside = body.getBoundingClientRect();
      return [...body.querySelectorAll(".chart")].map((chart) => {
        const r = chart.getBoundingClientRect();
        const seen = Math.min(r.bottom, inside.bottom) - Math.max(r.top, inside.top);
        return seen <= 0 ? "no" : seen >= r.height - 1 && r.height > 150 ? "whole" : `${seen} of ${r.height}`;
      });
    });
    await page.locator(".chart").nth(3).waitFor();
    const all = ["whole", "whole", "whole", "whole"];
    assert.deepEqual(await view(), sheets === 1 ? all : ["whole", "whole", "no", "no"], `${width} x ${height}`);
    const next = page.getByRole("button", { name: "Next sheet" });
    assert.equal(await next.count(), sheets - 1);
    if (sheets > 1) {
      await next.click();
      await until(async () => (await view()).join() === "no,no,whole,whole", `${width} x ${height}: ${await view()}`);
      assert.ok(await next.isDisabled());
    }
    clean(page);
  }
});

test("a phone has what concerns the whole scenario in one menu, and its two bars are low", async () => {
  const page = await fresh(lab, "", { viewport: { width: 400, height: 800 }, hasTouch: true, isMobile: true });
  await digest(page);
  const heights = await page.locator(".topbar, .toolbar").evaluateAll((all) => all.map((e) => e.getBoundingClientRect().height));
  assert.ok(heights.length === 2 && heights[0] + heights[1] <= 100, `${heights}`);
  await page.getByLabel("Menu").tap();
  const small = await page.locator(".topbar :is(button, summary, label), .toolbar button").evaluateAll((all) =>
    all.map((e) => [e.textContent || e.ariaLabel, e.getBoundingClientRect()]).filter(([, r]) => r.height && r.height < 44).map(([name]) => name));
  assert.deepEqual(small, []);
  assert.deepEqual(await page.locator(".actions .items > :is(button, label)").allTextContents(), ["Gallery", "Open", "Save", "Undo", "Redo", "Help"]);
  await page.getByRole("button", { name: "Help" }).tap();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).tap();
  await press(page, "Gallery");
  await page.getByRole("heading", { name: "Gallery" }).waitFor();
  assert.equal(await page.locator(".actions[open]").count(), 0, "a choice folds the menu");
  clean(page);
});

test("on a narrow phone nothing lies on something else, and the original of a fork is fitted to the stage", async () => {
  for (const width of [320, 360, 400]) {
    const page = await paused("", { viewport: { width, height: 800 } });
    const first = await page.locator(".run-line .digest").textContent();
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("]");
    await page.locator(".stage-word").getByRole("button", { name: "Follow" }).waitFor();
    const covering = await page.evaluate(() => {
      const inside = (e) => {
        const range = document.createRange();
        range.selectNodeContents(e);
        return range.getBoundingClientRect();
      };
      const parts = [".transport > *", ".stage-word > *", ".zoom button"].flatMap((s) => [...document.querySelectorAll(s)])
        .map((e) => [e.className || e.textContent, e.matches(".clock") ? inside(e) : e.getBoundingClientRect()]).filter(([, r]) => r.width);
      return parts.flatMap(([a, p], i) => [
        ...(p.left < 0 || p.right > innerWidth ? [`${a} ends beyond the screen`] : []),
        ...parts.slice(i + 1).filter(([, q]) => p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 1 && q.top < p.bottom - 1)
          .map(([b]) => `${a} and ${b}`)]);
    });
    assert.deepEqual(covering, [], `${width} px wide`);
    await page.getByRole("button", { name: "Fork", exact: true }).click();
    await pane(page, "Settings");
    await enter(page, "policies.keep_alive.ttl_s", "60");
    await digest(page, first);
    await pane(page, "Stage");
    const node = page.locator(".stage-view.other .topology .node").first();
    await page.getByRole("button", { name: "Original" }).click();
    const stage = await page.locator(".stage-view.other").boundingBox();
    await until(async () => {
      const box = await node.boundingBox();
      return box.x >= stage.x && box.width > 20 && box.y > stage.y + 40;
    }, `the original is fitted, ${width} px wide`);
    clean(page);
    await page.context().close();
  }
});

test("a trace begins at its beginning, and an edit of it keeps the playhead", async () => {
  const page = await paused();
  const first = await digest(page);
  const at = async () => Number(await page.locator('input[aria-label="Playhead"]').inputValue());
  assert.ok(await at() > 19);
  const rows = Array.from({ length: 300 }, (_, i) => `f${i % 3},128,${20},400,${i * 200}`);
  const buffer = Buffer.from(`function,mem_mb,warm_ms,cold_ms,arrival_ms\n${rows.join("\n")}\n`);
  await page.locator(".topbar input[type=file]").setInputFiles({ name: "own.csv", mimeType: "text/csv", buffer });
  const own = await digest(page, first);
  assert.equal(await at(), 0);
  await page.keyboard.press("Escape");
  await page.evaluate(() => { location.hash = "#/?t=30s"; });
  await until(async () => await at() >= 30, "the playhead goes there");
  await enter(page, "policies.keep_alive.ttl_s", "0.5");
  await digest(page, own);
  assert.ok(await at() >= 30, "the playhead stays");
  clean(page);
});

test("the report is one sheet of paper, whichever way it is turned", async () => {
  const page = await fresh(lab);
  await digest(page);
  await page.locator(".menu.export > summary").click();
  await page.getByRole("button", { name: /report/i }).click();
  await page.locator(".report svg").nth(4).waitFor();
  for (const landscape of [true, false]) {
    const pdf = await page.pdf({ format: "A4", landscape, printBackground: true });
    assert.equal(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length, 1, landscape ? "wider than high" : "higher than wide");
  }
  clean(page);
});

test("the table of hosts fits beside the inspector, and its figures have muted units", async () => {
  const page = await fresh(lab);
  await digest(page);
  await page.getByRole("tab", { name: "Hosts" }).click();
  await page.getByRole("button", { name: "Next sheet" }).click();
  const grid = page.locator(".hosts-tab .grid");
  await grid.locator(".rows > [role=row]").first().waitFor();
  const beyond = await grid.evaluate((e) => e.scrollWidth - e.clientWidth);
  assert.ok(beyond <= 0, `${beyond} px are out of sight`);
  const cut = await grid.locator(".title, .figure-cell").evaluateAll((all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map((e) => e.textContent));
  assert.deepEqual(cut, []);
  const units = await grid.locator(".rows > [role=row]").first().locator("small").allTextContents();
  assert.deepEqual(units, ["%", "ms", "s", "×", "%", "MB"]);
  clean(page);
});

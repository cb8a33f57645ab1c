// What the page looks like to programs that judge: accessibility on every screen in every theme, and no scrolling sideways.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { clean, digest, enter, fresh, open, pane, press } from "./support.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

/** A file over the page. */
const drag = (page) => page.evaluate(() => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["{}"], "a.json"));
  document.body.dispatchEvent(new DragEvent("dragover", { dataTransfer, bubbles: true, cancelable: true }));
});

const tabs = ["Latency", "Where time goes", "Containers", "Hosts", "Functions", "Invocations", "Schedulers"];
const trace = { name: "own.csv", mimeType: "text/csv", buffer: Buffer.from(
  "function,mem_mb,warm_ms,cold_ms,arrival_ms\n" + Array.from({ length: 300 }, (_, i) => `f${i % 3},128,${i === 7 ? "x" : 20},400,${i * 10}`).join("\n") + "\n") };

/** Goes to a scenario of the gallery and stands still there. */
async function visit(page, name) {
  const before = await page.locator(".run-line .digest").textContent();
  await pane(page, "Stage");
  await page.evaluate((name) => { location.hash = `#/gallery/${name}`; }, name);
  await digest(page, before);
  const pause = page.getByRole("button", { name: "Pause" });
  if (await pause.isVisible()) await pause.click();
}

const screens = {
  bench: async () => {},
  node: async (page) => {
    await page.locator(".topology .node").nth(1).focus();
    await pane(page, "Settings");
  },
  link: async (page) => {
    await pane(page, "Stage");
    await page.locator(".topology .link").first().focus();
    await pane(page, "Settings");
  },
  zone: async (page) => {
    await pane(page, "Stage");
    await page.locator(".topology .zone").first().focus();
    await pane(page, "Settings");
  },
  inspector: async (page) => {
    await pane(page, "Stage");
    await page.locator(".topology .zone").first().focus();
    await page.keyboard.press("Escape");
    await pane(page, "Settings");
    await page.locator(".inspector details").evaluateAll((all) => all.forEach((e) => { e.open = true; }));
  },
  ...Object.fromEntries(tabs.map((tab) => [tab, async (page) => {
    await pane(page, "Results");
    await page.getByRole("tab", { name: tab }).click();
  }])),
  invocation: async (page) => {
    await page.getByRole("tab", { name: "Invocations" }).click();
    await page.locator(".grid .rows > [role=row]").first().click();
    await page.getByRole("article").waitFor();
  },
  chart: async (page) => {
    await page.getByRole("tab", { name: "Latency" }).click();
    await page.locator(".chart summary").first().click();
  },
  table: async (page) => {
    await page.locator(".chart-tools button").first().click({ force: true });
    await page.locator(".chart-table").waitFor();
  },
  exports: async (page) => {
    await page.locator(".export > summary").click();
    await page.locator(".export .items").getByRole("button").first().waitFor();
  },
  report: async (page) => {
    await page.locator(".export > summary").click();
    await page.getByRole("button", { name: "Report on one page" }).click();
    await page.locator(".report svg").nth(4).waitFor();
  },
  menu: async (page) => {
    const phone = page.locator(".topbar .actions > summary");
    await ((await phone.isVisible()) ? phone : page.getByLabel("Theme")).click();
    await page.locator(".topbar details[open] .items").waitFor();
  },
  rejected: async (page) => {
    await pane(page, "Settings");
    await page.locator(".inspector details").evaluateAll((all) => all.forEach((e) => { e.open = true; }));
    await enter(page, "policies.keep_alive.ttl_s", "-5");
    await page.locator(".field.wrong .problem").waitFor();
  },
  "rejected out of sight": async (page) => {
    await enter(page, "network.within_zone_ms", "-1");
    await page.locator(".inspector summary", { hasText: "Network" }).click();
    await enter(page, "policies.keep_alive.ttl_s", "7");
    await page.locator(".problems li", { hasText: "Inside a zone" }).waitFor();
  },
  followed: async (page) => {
    await visit(page, "two-choices");
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("]");
    await page.locator(".stage-word").getByRole("button", { name: "Follow" }).click();
    await page.locator(".follow .bar span").first().waitFor();
  },
  fork: async (page) => {
    await visit(page, "three-edges");
    const first = await digest(page);
    await page.getByRole("button", { name: "Fork", exact: true }).click();
    await pane(page, "Settings");
    await enter(page, "policies.keep_alive.ttl_s", "60");
    await digest(page, first);
    await pane(page, "Stage");
    await page.locator(".stage-view.other > canvas").waitFor({ state: "attached" });
  },
  "the fork's original": async (page) => {
    const original = page.getByRole("button", { name: "Original" });
    if (await original.isVisible()) await original.click();
  },
  "results of a fork": async (page) => pane(page, "Results"),
  machine: async (page) => {
    await visit(page, "fat-cluster");
    await page.locator('[id="stage-pool"]').focus();
    await page.keyboard.press("Enter");
    await page.locator('[id="stage-pool[0]"].selected').waitFor();
  },
  outline: async (page) => {
    await pane(page, "Stage");
    await page.getByRole("button", { name: "Outline" }).click();
    await page.getByRole("treeitem").first().waitFor();
  },
  file: async (page) => drag(page),
  gallery: async (page) => press(page, "Gallery"),
  share: async (page) => {
    await page.getByRole("button", { name: "Share" }).click();
    await page.locator("dialog summary").click();
  },
  help: async (page) => press(page, "Help"),
  notices: async (page) => {
    await page.evaluate(() => { location.hash = "#/gallery/two-choices?colour=red"; });
    await page.locator(".notice").waitFor();
    await page.evaluate(() => { location.hash = "#/foo"; });
    await page.locator(".notice.bad").waitFor();
  },
  trace: async (page) => {
    await page.locator(".notice button").evaluateAll((all) => all.forEach((e) => e.click()));
    await page.locator(".topbar input[type=file]").setInputFiles(trace);
    await page.locator("dialog .facts").waitFor();
  },
  missing: async (page) => {
    await page.locator(".topbar input[type=file]").setInputFiles({ ...trace, name: "other.csv", buffer: Buffer.from(`${trace.buffer}f0,128,20,400,9000\n`) });
    await page.locator("dialog .facts").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    // The one before is kept; whoever does not keep it is asked for it.
    await page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("traces-1");
      for await (const name of folder.keys()) await folder.removeEntry(name);
    });
    await press(page, "Undo");
    await pane(page, "Stage");
    await page.locator(".stage-empty", { hasText: "needs own.csv" }).waitFor();
  },
  "missing, its settings": async (page) => {
    await pane(page, "Settings");
    await page.locator(".inspector", { hasText: "The trace is not here" }).waitFor();
  },
  empty: async (page) => {
    await pane(page, "Stage");
    await press(page, "Gallery");
    await page.getByRole("button", { name: "Start with an empty stage" }).click();
    await page.locator(".stage-empty").waitFor();
  },
  frame: async (page) => {
    await page.evaluate(() => { location.hash = "#/gallery/herd?embed=stage,figures,cdf,starts"; });
    await page.locator(".embed .chart").first().waitFor();
  },
  crash: async (page) => {
    await page.evaluate(() => window.dispatchEvent(new CustomEvent("faaslab-crash-page")));
    await page.getByRole("heading", { name: "The page has stopped" }).waitFor();
    page.faults.length = 0;
  },
};

for (const theme of ["light", "dark", "contrast", "contrast, dark"]) {
  for (const width of [1280, 320]) {
    test(`axe finds nothing, ${theme}, ${width} px wide`, async () => {
      const page = await fresh(lab, "", {
        colorScheme: theme.endsWith("dark") ? "dark" : "light", contrast: theme.startsWith("contrast") ? "more" : "no-preference",
        viewport: { width, height: 800 }, bypassCSP: true,
      });
      await digest(page);
      await page.evaluate(axe);
      const violations = [];
      for (const [name, go] of Object.entries(screens)) {
        await go(page);
        await page.waitForTimeout(100);
        const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        violations.push(...found.violations.map((v) => `${name}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3).join(" | ")}`));
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (sideways > 0) violations.push(`${name}: the page scrolls sideways by ${sideways} px`);
        await page.keyboard.press("Escape");
      }
      assert.deepEqual(violations, []);
      clean(page);
    });
  }
}

for (const [width, height] of [[1024, 768], [910, 768]]) {
  test(`everything under the stage is in reach, ${width} px wide`, async () => {
    const page = await fresh(lab, "", { viewport: { width, height } });
    await digest(page);
    const beyond = await page.locator(".transport").evaluate((bar) => {
      const inside = bar.getBoundingClientRect();
      return [...bar.querySelectorAll("button, select, input, .clock")]
        .filter((e) => { const r = e.getBoundingClientRect(); return r.right > inside.right || r.bottom > inside.bottom || r.width < 24; })
        .map((e) => e.outerHTML.slice(0, 80));
    });
    assert.deepEqual(beyond, []);
    const scrubber = await page.locator(".scrub").boundingBox();
    assert.ok(scrubber.width > 400, `the scrubber is ${scrubber.width} px wide`);
    assert.equal(await page.locator(".charts .chart-title").first().evaluate((e) => e.scrollWidth <= e.clientWidth), true, "a title is cut");
    clean(page);
  });
}

test("with forced colours, what is pressed differs from what is not", async () => {
  const page = await fresh(lab, "", { forcedColors: "active" });
  await digest(page);
  const look = (locator) => locator.evaluate((e) => { const s = getComputedStyle(e); return [s.backgroundColor, s.color, s.borderBottomWidth]; });
  for (const [on, off] of [["Select", "Hand"], ["Auto", "Fork"]]) {
    const [pressed, other] = [await look(page.getByRole("button", { name: on, exact: true })), await look(page.getByRole("button", { name: off, exact: true }))];
    assert.notDeepEqual(pressed, other, on);
    assert.notEqual(pressed[0], pressed[1], `${on} can be read`);
  }
  const share = await look(page.getByRole("button", { name: "Share" }));
  assert.notEqual(share[0], share[1]);
  assert.notDeepEqual(await look(page.getByRole("tab", { name: "Latency" })), await look(page.getByRole("tab", { name: "Hosts" })));
  clean(page);
});

test("the figures of a run of jobs fit beside the charts", async () => {
  const page = await fresh(lab, "#/gallery/stragglers");
  const first = await digest(page);
  await page.locator(".inspector summary", { hasText: /^Run$/ }).click();
  await enter(page, "run.seed", "7");
  await digest(page, first);
  const hidden = await page.locator(".figures").evaluate((e) => e.scrollHeight - e.clientHeight);
  assert.ok(hidden <= 0, `${hidden} px are cut`);
  assert.equal(await page.locator(".figures .figure").count(), 4);
  clean(page);
});

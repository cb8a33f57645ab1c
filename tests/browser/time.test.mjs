// Time: scrubbing, steps from event to event, following an invocation, both renderers, forks.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { canvas, clean, digest, enter, fresh, open, root, softwareGl } from "./support.mjs";

/** Counts frames that are asked for, and windows that are asked for and come, from the page's start on. */
const counting = () => {
  const counts = { frames: 0, windows: 0, waiting: 0, most: 0, ms: [] };
  window.counts = counts;
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (f) => request((now) => {
    counts.frames += 1;
    const begin = performance.now();
    f(now);
    counts.ms.push(performance.now() - begin);
  });
  const isWindow = (data, number) => Array.isArray(data) && data[0] instanceof Uint8Array && data[0][0] === number;
  const Plain = window.Worker;
  window.Worker = class extends Plain {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", (e) => { if (isWindow(e.data, 5)) counts.waiting -= 1; });
    }
    postMessage(data, ...rest) {
      if (isWindow(data, 2)) {
        counts.windows += 1;
        counts.waiting += 1;
        counts.most = Math.max(counts.most, counts.waiting);
      }
      super.postMessage(data, ...rest);
    }
  };
};

/** Chooses what the jumps of the transport go to. */
async function jumpTo(page, name) {
  await page.locator(".jump summary").click();
  await page.locator(".jump").getByRole("button", { name, exact: true }).click();
}

/** A page on which frames and windows are counted. */
async function counted(lab, address = "", options = {}) {
  const page = await fresh(lab, "worker.js", options); // nothing runs yet
  await page.addInitScript(counting);
  page.faults.length = 0;
  await page.goto(lab.base + address);
  return page;
}

const counts = (page) => page.evaluate(() => ({ ...window.counts, ms: window.counts.ms.length }));
const word = (page) => page.locator(".stage-word");
const pause = (page) => page.getByRole("button", { name: "Pause" }).click();

/** Presses a key and waits until the plate says something else. */
async function step(page, key) {
  const before = await word(page).textContent();
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press(key);
  await page.waitForFunction((b) => {
    const text = document.querySelector(".stage-word")?.textContent;
    return text && text !== b && !text.startsWith("Looking");
  }, before);
  return word(page).textContent();
}

/** Waits until no frame is asked for any more. */
async function still(page) {
  await page.waitForFunction(() => new Promise((done) => {
    const before = window.counts.frames;
    setTimeout(() => done(window.counts.frames === before && window.counts.waiting === 0), 120);
  }));
}

describe("time", () => {
  let lab;
  before(async () => { lab = await open(); });
  after(() => lab.close());

  test("a paused stage asks for no frames, and a hidden change of the playhead for one", async () => {
    const page = await counted(lab);
    await digest(page);
    await pause(page);
    await still(page);
    const before = (await counts(page)).frames;
    await page.waitForTimeout(400);
    assert.equal((await counts(page)).frames, before, "paused and clean");
    await page.getByLabel("Playhead").fill("100");
    await still(page);
    const drawn = (await counts(page)).frames - before;
    assert.ok(drawn > 0 && drawn < 20, `${drawn} frames for one jump`);
    await page.keyboard.press(" ");
    await page.waitForFunction((b) => window.counts.frames > b + 20, before + drawn);
    clean(page);
  });

  test("scrubbing has one window on its way, and ends where the playhead is", async () => {
    const page = await counted(lab);
    await digest(page);
    await pause(page);
    await still(page);
    const { windows } = await counts(page);
    await page.getByLabel("Playhead").evaluate((range) => {
      for (let i = 1; i <= 200; i++) {
        range.value = String(i);
        range.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
    await still(page);
    const after = await counts(page);
    assert.equal(after.most, 1, "one at a time");
    assert.ok(after.windows - windows <= 4, `${after.windows - windows} windows for 200 places`);
    // The picture is that of the last place: the same as if it had been gone to at once.
    const there = await canvas(page);
    await page.getByLabel("Playhead").fill("3");
    await still(page);
    assert.notEqual(await canvas(page), there);
    await page.getByLabel("Playhead").fill("200");
    await still(page);
    assert.equal(await canvas(page), there);
    clean(page);
  });

  test("steps go from event to event and back, and the stage shows the same state again", async () => {
    const page = await counted(lab);
    await digest(page);
    await pause(page);
    await page.getByLabel("Playhead").fill("20");
    await still(page);
    const first = await step(page, ".");
    assert.match(first, /20\.\d/);
    await still(page);
    const picture = await canvas(page);
    const seen = [first];
    for (let i = 0; i < 6; i++) seen.push(await step(page, "."));
    assert.equal(new Set(seen).size, seen.length, "each is another event");
    for (let i = 5; i >= 0; i--) assert.equal(await step(page, ","), seen[i], "back through the same events");
    await still(page);
    assert.equal(await canvas(page), picture);
    // The buttons do the same.
    await page.getByRole("button", { name: "Next event" }).click();
    await page.waitForFunction((t) => document.querySelector(".stage-word").textContent === t, seen[1]);
    clean(page);
  });

  test("jumps go to cold starts, and say so where there is nothing of the kind", async () => {
    const page = await counted(lab);
    await digest(page);
    await pause(page);
    const one = await step(page, "]");
    assert.match(one, /^cold start of \S+ on worker-\d/);
    const two = await step(page, "]");
    assert.match(two, /^cold start of /);
    assert.equal(await step(page, "["), one);
    await jumpTo(page, "kill");
    assert.equal(await step(page, "]"), "No kill after this instant");
    await jumpTo(page, "failure");
    assert.equal(await step(page, "["), "No failure before this instant");
    await page.goto(`${lab.base}#/gallery/tight-memory`);
    await page.reload();
    await digest(page);
    await pause(page);
    await jumpTo(page, "eviction");
    assert.match(await step(page, "]"), /^eviction of \S+ on /);
    clean(page);
  });

  test("jumps go to failures where there are some, and back, and say what failed", async () => {
    const page = await counted(lab, "#/gallery/retry-storm");
    const calm = await digest(page);
    await pause(page);
    await page.getByLabel("Playhead").fill("0");
    await jumpTo(page, "failure");
    const at = () => page.getByLabel("Playhead").evaluate((range) => Number(range.value));
    // With pauses between attempts nothing is lost; without them much is, once the server has been slow.
    assert.equal(await step(page, "]"), "No failure after this instant");
    await page.evaluate(() => { location.hash = "#/gallery/retry-storm?functions.api.backoff_ms=0"; });
    await digest(page, calm);
    await page.getByLabel("Playhead").fill("0");
    const one = await step(page, "]");
    const first = await at();
    assert.match(one, /^api \d+ timed out/);
    assert.ok(first > 30 && first < 45, `the first failure is at ${first} s`);
    const two = await step(page, "]");
    assert.match(two, /^api \d+ timed out/);
    assert.ok(await at() >= first);
    assert.equal(await step(page, "["), one);
    assert.equal(await at(), first);
    assert.equal(await step(page, "["), "No failure before this instant");
    clean(page);
  });

  test("jumps go to steals where hosts steal, and the stolen can be followed", async () => {
    const page = await counted(lab, "#/gallery/open-door");
    const stolen = await digest(page);
    await pause(page);
    await page.getByLabel("Playhead").fill("60");
    await jumpTo(page, "steal");
    const at = () => page.getByLabel("Playhead").evaluate((range) => Number(range.value));
    const one = await step(page, "]");
    assert.match(one, /^steal of f\d+ \d+ from w\d to w\d/);
    const first = await at();
    assert.ok(first > 60);
    const two = await step(page, "]");
    assert.match(two, /^steal of /);
    assert.ok(await at() > first);
    assert.equal(await step(page, "["), one);
    assert.equal(await at(), first);
    // The stolen can be followed to the thief.
    const thief = / to (w\d)/.exec(one)[1];
    await word(page).getByRole("button", { name: "Follow" }).click();
    const chip = page.locator(".follow p");
    await chip.filter({ hasText: new RegExp(`stolen on ${thief}`) }).waitFor();
    // In the words about schedulers too, until nobody steals.
    await page.getByRole("tab", { name: "Schedulers" }).click();
    await page.locator(".tell", { hasText: /Idle hosts asked others for work [\d,]+ times and got some [\d,]+ times, [\d,]+ tasks in all/ }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator('[id="f-frame.stealing.kind"]').selectOption("none");
    await digest(page, stolen);
    await page.getByLabel("Playhead").fill("60");
    assert.equal(await step(page, "]"), "No steal after this instant");
    clean(page);
  });

  test("Auto follows the messages: half of them take 350 ms on the screen, until a speed is chosen by hand", async () => {
    // Each message takes 35 ms; executions and pauses between invocations are short.
    const scenario = JSON.parse(await readFile(join(root, "scenarios/single-queue.json"), "utf8"));
    scenario.nodes[0].roles = ["client"];
    scenario.nodes[1].roles = ["worker", "cloud_controller"];
    scenario.nodes[1].cores = 8;
    scenario.links = [{ id: "way", from: "users", to: "server", latency_ms: 35 }];
    scenario.functions[0].execution = { kind: "constant", mean_ms: 10 };
    scenario.workload.arrivals.rate_per_s = 100;
    scenario.run = { seed: 1, duration_s: 30 };
    const page = await counted(lab);
    const before = await digest(page);
    await page.locator('input[type="file"]').first().setInputFiles(
      { name: "even.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(scenario)) });
    await digest(page, before);
    const auto = page.getByRole("button", { name: "Auto", exact: true });
    const speed = async (text) => {
      await page.waitForFunction((text) => document.querySelector(".speed-value").textContent === text, text, { timeout: 5_000 })
        .catch(async () => assert.fail(`${text}: ${await page.locator(".speed-value").textContent()}`));
    };
    assert.equal(await auto.getAttribute("aria-pressed"), "true");
    await speed("0.100×");
    await page.getByLabel("Speed").fill("1");
    await speed("10.0×");
    assert.equal(await auto.getAttribute("aria-pressed"), "false");
    await auto.click();
    assert.equal(await auto.getAttribute("aria-pressed"), "true");
    await speed("0.100×");
    // Pressed once more it keeps the speed that it has come to.
    await auto.click();
    assert.equal(await auto.getAttribute("aria-pressed"), "false");
    await speed("0.100×");
    clean(page);
  });

  test("with the hand a drag moves the ground and no node", async () => {
    const page = await counted(lab);
    await digest(page);
    await pause(page);
    const node = page.locator(".topology .node").nth(1);
    const others = page.locator(".topology .node").nth(3);
    const places = () => Promise.all([node, others].map(async (n) => {
      const { x, y } = await n.boundingBox();
      return [Math.round(x), Math.round(y)];
    }));
    const drag = async (x, y) => {
      const box = await node.boundingBox();
      const [left, top] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.move(left, top);
      await page.mouse.down();
      await page.mouse.move(left + x / 2, top + y / 2, { steps: 3 });
      await page.mouse.move(left + x, top + y, { steps: 3 });
      await page.mouse.up();
    };
    const before = await places();
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("h");
    await page.getByRole("button", { name: "Hand", exact: true, pressed: true }).waitFor();
    const picture = await canvas(page);
    await drag(40, 24);
    assert.deepEqual(await places(), before.map(([x, y]) => [x + 40, y + 24]), "all of it goes along");
    await still(page);
    assert.notEqual(await canvas(page), picture, "what is drawn above it too");
    assert.ok(await page.getByRole("button", { name: "Undo" }).isDisabled(), "nothing was edited");
    assert.equal(await page.locator(".topology .selected").count(), 0);
    // With the arrow the same drag moves the node alone.
    await page.keyboard.press("v");
    await page.getByRole("button", { name: "Select", exact: true, pressed: true }).waitFor();
    const [, other] = await places();
    await drag(0, 48);
    await page.waitForFunction(() => ![...document.querySelectorAll(".topbar button")].find((b) => b.textContent === "Undo").disabled);
    assert.deepEqual((await places())[1], other);
    clean(page);
  });

  test("an invocation is followed: its way, its phases, the present one, until Escape", async () => {
    const page = await counted(lab);
    await digest(page);
    await pause(page);
    await step(page, "]");
    await still(page);
    const before = await canvas(page);
    await word(page).getByRole("button", { name: "Follow" }).click();
    const chip = page.locator(".follow");
    await chip.locator(".bar span").first().waitFor();
    assert.match(await chip.locator("p").textContent(), /^\S+ \d+starting on worker-\d$/);
    assert.ok(await chip.locator(".bar .cold").count() > 0 && await chip.locator(".bar .running").count() > 0);
    await still(page);
    assert.notEqual(await canvas(page), before, "its way is drawn");
    // It is kept in sight: the worker stays there while the stage grows around the other end, and when the invocation is back
    // at its client, which is far away by then, that comes to the middle.
    const stage = await page.locator(".stage-view").first().boundingBox();
    await page.mouse.move(stage.x + stage.width - 20, stage.y + stage.height / 2);
    for (let i = 0; i < 18; i++) await page.mouse.wheel(0, -100);
    const users = () => page.locator(".topology .node").first().boundingBox();
    const gone = (box) => box.x + box.width < stage.x;
    for (let i = 0; i < 200 && !gone(await users()); i++) await page.waitForTimeout(20);
    const away = await users();
    assert.ok(gone(away), `the client is out of sight: ${JSON.stringify(away)}`);
    await page.getByLabel("Playhead").press("ArrowRight");
    for (let i = 0; i < 200 && (await users()).x <= stage.x; i++) await page.waitForTimeout(20);
    assert.ok((await users()).x > stage.x, "it is in sight again");
    await page.keyboard.press("Escape");
    await chip.waitFor({ state: "detached" });
    clean(page);
  });

  test("a fork goes on otherwise from the playhead, beside the original, and has a link", async () => {
    const page = await fresh(lab);
    const first = await digest(page);
    await pause(page);
    await page.getByLabel("Playhead").fill("30");
    await page.getByRole("button", { name: "Fork", exact: true }).click();
    const bar = page.locator(".fork-bar");
    assert.match(await bar.textContent(), /^Fork at 30 s/);
    // What is fixed when a run starts is refused with the reason.
    await page.locator(".topology .node").nth(1).click();
    await enter(page, "nodes.worker-1.memory_mb", "512");
    await page.locator(".notice", { hasText: "cannot change during a run" }).waitFor();
    assert.equal(await page.locator(".run-line .digest").textContent(), first);
    await page.getByRole("button", { name: "‹ Scheduler" }).click();
    await enter(page, "policies.keep_alive.ttl_s", "60");
    const second = await digest(page, first);
    assert.match(await bar.textContent(), /One change holds from here on/);
    assert.equal(await page.locator('[id="f-policies.keep_alive.ttl_s"]').inputValue(), "60", "the field shows what holds there");
    // Both are drawn, each at half the width, and differ after the fork alone.
    const pictures = async () => Promise.all([".own", ".other"].map((which) =>
      page.locator(`.stage-view${which} > canvas`).first().evaluate((c) => c.toDataURL())));
    await page.locator(".stage-view.other > canvas").waitFor();
    await page.waitForFunction(() => document.querySelector(".stage-view.own").clientWidth < 600);
    const same = async (at, expected) => {
      await page.getByLabel("Playhead").fill(at);
      await page.waitForFunction(([expected]) => {
        const [a, b] = [".own", ".other"].map((w) => document.querySelector(`.stage-view${w} > canvas`).toDataURL());
        return (a === b) === expected && a.length > 4_000;
      }, [expected]);
    };
    await same("12", true);
    await same("200", false);
    assert.equal((await pictures()).length, 2);
    // The link has the fork: it is one entry of the timeline.
    await page.getByRole("button", { name: "Share" }).click();
    const link = await page.locator("dialog .link").inputValue();
    const there = await fresh(lab, link.slice(link.indexOf("#")));
    assert.equal(await digest(there), second);
    assert.match(await there.locator(".inspector").textContent(), /Timeline \(1\)/);
    await there.close();
    await page.keyboard.press("Escape");
    await bar.getByRole("button", { name: "Discard" }).click();
    assert.equal(await digest(page, second), first);
    assert.equal(await page.locator(".stage-view").count(), 1);
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await digest(page, first), second, "discarding can be undone");
    clean(page);
  });

  test("on a narrow screen one of the two runs is shown", async () => {
    const page = await fresh(lab, "", { viewport: { width: 400, height: 800 } });
    await page.locator(".panes button", { hasText: "Results" }).click();
    const first = await digest(page);
    await page.locator(".panes button", { hasText: "Stage" }).click();
    await page.getByRole("button", { name: "Fork", exact: true }).click();
    await page.locator(".panes button", { hasText: "Settings" }).click();
    await enter(page, "policies.keep_alive.ttl_s", "60");
    await page.locator(".panes button", { hasText: "Results" }).click();
    await digest(page, first);
    await page.locator(".panes button", { hasText: "Stage" }).click();
    assert.ok(await page.locator(".stage-view.own").isVisible());
    assert.ok(!await page.locator(".stage-view.other").isVisible());
    await page.getByRole("button", { name: "Original" }).click();
    await page.locator(".stage-view.other").waitFor();
    assert.ok(!await page.locator(".stage-view.own").isVisible());
    clean(page);
  });
});

/** How many pixels of two pictures differ clearly, of those that are not the same in all of both. */
const difference = (page, one, two) => page.evaluate(async ([one, two]) => {
  const pixels = async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height).data;
  };
  const [a, b] = [await pixels(one), await pixels(two)];
  let differ = 0;
  for (let i = 0; i < a.length; i += 4) {
    if (Math.abs(a[i] - b[i]) + Math.abs(a[i + 1] - b[i + 1]) + Math.abs(a[i + 2] - b[i + 2]) > 120) differ += 1;
  }
  return differ;
}, [one.toString("base64"), two.toString("base64")]);

describe("renderers", () => {
  let lab;
  before(async () => { lab = await open(softwareGl); });
  after(() => lab.close());

  const picture = async (page) => {
    await still(page);
    return page.locator(".stages").screenshot();
  };

  /** A page with this renderer, at an instant with many messages on their way. */
  const at = async (renderer, playhead) => {
    const page = await counted(lab, `#/gallery/three-edges?renderer=${renderer}`);
    await digest(page);
    await pause(page);
    await page.getByLabel("Speed").fill("-1");
    await page.getByLabel("Playhead").fill(playhead);
    await still(page);
    return page;
  };

  test("each draws the picture, which changes with time, and both draw the same", async () => {
    const shots = {};
    for (const renderer of ["webgl", "canvas"]) {
      const page = await at(renderer, "20");
      assert.equal(await page.locator("canvas.dots").count(), renderer === "webgl" ? 1 : 0);
      shots[renderer] = [];
      for (let i = 0; i < 3; i++) {
        await page.getByLabel("Playhead").fill(String(20 + i / 50));
        shots[renderer].push(await picture(page));
      }
      assert.ok(await difference(page, shots[renderer][0], shots[renderer][1]) > 10, `${renderer} moves`);
      clean(page);
      await page.close();
    }
    const page = await fresh(lab, "worker.js");
    for (let i = 0; i < 3; i++) {
      const differ = await difference(page, shots.webgl[i], shots.canvas[i]);
      assert.ok(differ < 12, `${differ} pixels differ between the renderers`);
    }
    await page.close();
  });

  test("without its context it goes on, on the canvas, and comes back", async () => {
    const page = await at("webgl", "20");
    const before = await picture(page);
    const dots = page.locator("canvas.dots");
    await dots.evaluate((c) => { window.loss = c.getContext("webgl2").getExtension("WEBGL_lose_context"); window.loss.loseContext(); });
    await page.waitForFunction(() => document.querySelector("canvas.dots").getContext("webgl2").isContextLost());
    const without = await picture(page);
    assert.ok(await difference(page, before, without) < 12, "the canvas has the dots");
    await page.evaluate(() => window.loss.restoreContext());
    await page.waitForFunction(() => !document.querySelector("canvas.dots").getContext("webgl2").isContextLost());
    assert.ok(await difference(page, before, await picture(page)) < 12, "and the GPU has them again");
    clean(page);
  });

  test("ten thousand messages: milliseconds of the main thread for a frame", async () => {
    const scenario = JSON.parse(await readFile(join(root, "scenarios/fat-cluster.json"), "utf8"));
    const [caller, ...others] = scenario.nodes;
    scenario.nodes = [...Array.from({ length: 12 }, (_, i) => ({ ...caller, id: `callers-${i}`, name: `Callers ${i}`, y: 40 + i * 90 })), ...others];
    scenario.links[0].latency_ms = 1_000;
    scenario.workload.arrivals.rate_per_s = 15_000;
    scenario.frame.architecture.decision_ms = 0;
    for (const f of scenario.functions) f.execution = { kind: "constant", mean_ms: 100 };
    scenario.run.duration_s = 3;
    const shots = [];
    for (const renderer of ["webgl", "canvas"]) {
      const page = await counted(lab, `#/?renderer=${renderer}`);
      await digest(page);
      const last = await page.locator(".run-line .digest").textContent();
      await page.locator('input[type="file"]').first().setInputFiles(
        { name: "many.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(scenario)) });
      await digest(page, last);
      await page.waitForFunction(() => Number(document.querySelector(".scrub input").max) > 3);
      assert.equal(await page.locator("canvas.dots").count(), renderer === "webgl" ? 1 : 0);
      await pause(page);
      await page.getByLabel("Speed").fill("-2");
      const none = await picture(page);
      await page.getByLabel("Playhead").fill("2.5");
      shots.push(await picture(page));
      const dots = await difference(page, none, shots.at(-1));
      assert.ok(dots > 5_000, `${renderer}: ${dots} pixels show messages`);
      await page.getByRole("button", { name: "Play", exact: true }).click();
      await page.evaluate(() => { window.counts.ms.length = 0; });
      await page.waitForFunction(() => window.counts.ms.length >= 30);
      const ms = await page.evaluate(() => window.counts.ms.slice(0, 30).sort((a, b) => a - b));
      console.log(`${renderer}: ${ms[15].toFixed(1)} ms of the main thread for a frame (largest of 30: ${ms[29].toFixed(1)})`);
      if (renderer === "canvas") {
        const differ = await difference(page, ...shots);
        assert.ok(differ < dots / 20, `${differ} pixels of ${dots} differ between the renderers`);
      }
      clean(page);
      await page.close();
    }
  });
});

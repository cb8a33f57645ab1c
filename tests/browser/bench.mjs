// Measures the page in the browser against its goals: `./dev bench --browser`. Prints a table and writes target/browser-bench.json.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { firstVisit, instrument, watchTasks } from "./measure.mjs";
import { digest, enter, open, root } from "./support.mjs";

const lab = await open();
const figures = [];
const note = (name, value, unit, goal) => {
  figures.push({ name, value, unit, goal });
  console.log(`${name.padEnd(64)}${value.toFixed(1).padStart(9)} ${unit.padEnd(3)} goal ${goal} ${unit}`);
};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const scenario = (id, change) => {
  const value = JSON.parse(readFileSync(join(root, `scenarios/${id}.json`), "utf8"));
  change(value);
  return { name: `${id}.json`, mimeType: "application/json", buffer: Buffer.from(JSON.stringify(value)) };
};

/** An instrumented page with a scenario of the gallery, changed; its run has ended. */
async function show(id, change, timeout = 30_000) {
  const context = await lab.browser.newContext({ viewport: { width: 1280, height: 800 } });
  await instrument(context);
  const page = await context.newPage();
  await page.goto(lab.base);
  const first = await digest(page);
  await page.locator(".topbar input[type=file]").setInputFiles(scenario(id, change));
  await digest(page, first, timeout);
  return page;
}

{
  const { page, total, shell, firstFigure } = await firstVisit(lab);
  note("first visit, compressed", total / 1e3, "kB", 350);
  note("static shell painted", shell, "ms", 1000);
  note("first figure shown", firstFigure, "ms", 2000);
  const costs = await watchTasks(page);
  let last = await digest(page);
  for (const ttl of ["60", "5", "30"]) {
    await enter(page, "policies.keep_alive.ttl_s", ttl);
    last = await digest(page, last);
    await page.waitForTimeout(400);
  }
  note("dearest task during runs of the opening scenario", (await costs())[0], "ms", 50);
  await page.context().close();
}

{
  // 40 invocations a second for 500 s.
  const page = await show("three-edges", (s) => { s.run.duration_s = 500; });
  const answers = [];
  for (let i = 0; i < 7; i++) {
    answers.push(await page.evaluate((ttl) => new Promise((resolve) => {
      const field = document.querySelector('[id="f-policies.keep_alive.ttl_s"]');
      const line = document.querySelector(".run-line");
      const before = line.querySelector(".digest").textContent;
      const begin = performance.now();
      const look = () => {
        const now = document.querySelector(".run-line .digest")?.textContent;
        const busy = document.querySelector(".figures").getAttribute("aria-busy") === "true";
        // The charts are drawn in the frame after the one that shows the figures.
        if (now && now !== before && !busy) requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begin)));
        else requestAnimationFrame(look);
      };
      field.value = ttl;
      for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
      look();
    }), String(40 + i)));
    await page.waitForTimeout(300);
  }
  note("live answer: edit to figures and charts, 20,000 invocations", median(answers), "ms", 100);
  await page.context().close();
}

{
  // 40 a second for 75,000 s.
  const page = await show("three-edges", (s) => { s.run.duration_s = 75_000; }, 300_000);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.waitForTimeout(1_000);
  const seeks = [];
  for (let i = 0; i < 15; i++) {
    seeks.push(await page.evaluate((part) => new Promise((resolve) => {
      const scrubber = document.querySelector('input[aria-label="Playhead"]');
      const heard = window.heard.length;
      const begin = performance.now();
      scrubber.value = Number(scrubber.max) * part;
      scrubber.dispatchEvent(new Event("input", { bubbles: true }));
      // The frame after the worker has answered shows it.
      const look = () => (window.heard.length > heard ? requestAnimationFrame(() => resolve(performance.now() - begin)) : requestAnimationFrame(look));
      look();
    }), ((i * 0.381_966) % 1) * 0.98 + 0.01));
  }
  note("seek on a run of 3 million invocations, median of 15", median(seeks), "ms", 150);
  note("seek on a run of 3 million invocations, slowest of 15", Math.max(...seeks), "ms", 150);
  await page.context().close();
}

{
  // 5,000 a second on links of a second each way: 10,000 messages are in flight at any time.
  const page = await show("three-edges", (s) => {
    for (const link of s.links) link.latency_ms = 1_000;
    s.workload.arrivals.rate_per_s = 5_000;
    s.run.duration_s = 8;
    s.frame.architecture.decision_ms = 0.01;
    for (const node of s.nodes) if (node.roles.includes("worker")) Object.assign(node, { cores: 300, memory_mb: 512_000 });
  }, 120_000);
  await page.locator('input[aria-label="Speed"]').evaluate((e) => {
    e.value = -1.3; // a twentieth of real time: 250 messages a second on a link are drawn one by one, more as a stream
    e.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await page.evaluate(() => { location.hash = "#/?t=5s"; });
  await page.waitForFunction(() => Number(document.querySelector('input[aria-label="Playhead"]').value) > 5.02);
  const spent = await page.evaluate(() => new Promise((resolve) => {
    window.frames.length = 0;
    const look = () => (window.frames.length >= 90 ? resolve(window.frames) : requestAnimationFrame(look));
    look();
  }));
  note("main thread per frame with 10,000 flights, median", median(spent), "ms", 4);
  await page.context().close();
}

await lab.close();
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`;
console.log(`on ${machine}`);
mkdirSync(join(root, "target"), { recursive: true });
writeFileSync(join(root, "target/browser-bench.json"), JSON.stringify({ machine, figures }, null, 1));

// Writes web/opening.txt, what a first visit needs of the program until the figures of its run are shown, and until its run is drawn
// and plays: `./dev profile`. The page in target/marked notes what it comes to (dev-tools/split).
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { functionsOf, linesOf } from "./opening.mjs";
import { digest, enter, figures, fresh, open, pane, root } from "./support.mjs";

// A worker for which time flies, though not so much that a slice of it passes before anything is done: it tells how far it has come, as on a slow machine.
const slow = `{
  const now = performance.now.bind(performance);
  let flown = 0;
  performance.now = () => now() + (flown += 15);
}
${readFileSync(join(root, "static/worker.js"), "utf8")}`;

const { functions, count } = functionsOf(readFileSync(join(root, "target/marked/functions.txt"), "utf8"));
const lab = await open(["--disable-gpu"], "target/marked");
// With which part of the program each block is needed: with the first, with what shows a run, or with the rest.
const part = new Uint8Array(count).fill(2);
// What is drawn at once varies a little with how soon the worker answers, and what is called with how names happen to be hashed.
const usual = { viewport: { width: 1280, height: 800 } };
const visits = [
  ...Array(8).fill(usual),
  { ...usual, body: slow },
  { ...usual, colorScheme: "dark" },
  { ...usual, deviceScaleFactor: 2, reducedMotion: "reduce" },
  { viewport: { width: 1920, height: 1080 } },
  { viewport: { width: 400, height: 800 }, deviceScaleFactor: 3, hasTouch: true },
];
const frames = (page, count) => page.evaluate((count) => new Promise((resolve) => {
  const next = (left) => (left > 0 ? requestAnimationFrame(() => next(left - 1)) : resolve());
  next(count);
}), count);
for (const { body, ...screen } of visits) {
  const page = await fresh(lab, "worker.js", screen);
  if (body) await page.route("**/worker.js", (route) => route.fulfill({ body, contentType: "text/javascript" }));
  await page.goto(lab.base);
  await figures(page);
  // Somebody moves and presses while the next part is on its way.
  await page.mouse.move(300, 300);
  await page.mouse.click(300, 400);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await page.setViewportSize({ ...screen.viewport, height: screen.viewport.height - 40 });
  // The charts are drawn after that, and the stage begins to play, for about as long as the rest may take to come.
  const first = await digest(page);
  await frames(page, 150);
  // Then comes the first edit, and a look at a worker.
  await pane(page, "Settings");
  await enter(page, "policies.keep_alive.ttl_s", "60");
  await digest(page, first);
  await pane(page, "Stage");
  await page.locator(".topology .node").nth(1).click();
  await frames(page, 60);
  for (const place of [page, ...page.workers()]) {
    const marks = await place.evaluate((count) => {
      const lists = globalThis.faaslabMarks();
      return lists.map((bytes) => [...Array(count).keys()].filter((i) => bytes[i]));
    }, count);
    marks.forEach((blocks, number) => blocks.forEach((i) => { part[i] = Math.min(part[i], number); }));
  }
  await page.context().close();
}
await lab.close();
const lines = linesOf(functions, part);
writeFileSync(join(root, "web/opening.txt"), lines.join("\n") + "\n");
const blocks = [0, 1].map((number) => part.reduce((sum, p) => sum + (p === number ? 1 : 0), 0));
console.log(`${lines.length} functions; ${blocks[0]} of their blocks are needed at first, ${blocks[1]} then`);

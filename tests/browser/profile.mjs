// Writes web/opening.txt, the functions that a first visit calls until its run is shown and plays: `./dev profile`. The page in
// target/marked notes what is called (dev-tools/split).
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digest, fresh, open, root } from "./support.mjs";

// A worker for which time flies, though not so much that a slice of it passes before anything is done: it tells how far it has come, as on a slow machine.
const slow = `{
  const now = performance.now.bind(performance);
  let flown = 0;
  performance.now = () => now() + (flown += 15);
}
${readFileSync(join(root, "static/worker.js"), "utf8")}`;

const names = readFileSync(join(root, "target/marked/functions.txt"), "utf8").split("\n");
const lab = await open(["--disable-gpu"], "target/marked");
const called = new Set();
// What is drawn at once varies a little with how soon the worker answers, and what is called with how names happen to be hashed.
for (const body of [...Array(10).fill(undefined), slow]) {
  const page = await fresh(lab, "worker.js");
  if (body) await page.route("**/worker.js", (route) => route.fulfill({ body, contentType: "text/javascript" }));
  await page.goto(lab.base);
  await digest(page);
  // The charts are drawn after that, and the stage begins to play, for about as long as the rest may take to come.
  await page.evaluate(() => new Promise((resolve) => {
    let frames = 0;
    const next = () => (++frames < 150 ? requestAnimationFrame(next) : resolve());
    next();
  }));
  for (const place of [page, ...page.workers()]) {
    const marks = await place.evaluate(() => {
      const bytes = new Uint8Array(globalThis.faaslabCalled.buffer);
      return [...bytes.keys()].filter((i) => bytes[i]);
    });
    marks.forEach((i) => called.add(names[i]));
  }
  await page.context().close();
}
await lab.close();
called.delete("");
writeFileSync(join(root, "web/opening.txt"), [...called].sort().join("\n") + "\n");
console.log(`${called.size} functions`);

// What a visit may cost: bytes until the first run, and time on the main thread while a run goes on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clean, digest, enter, fresh, open } from "./support.mjs";
import { firstVisit, watchLongTasks } from "./measure.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

// The goal is 350 kB, which `./dev bench --browser` measures against. Until the module is smaller this keeps it from growing.
const mostBytes = 1_700_000;

test("a first visit, until the first run, stays within its bound of compressed bytes", async () => {
  const { page, files, total } = await firstVisit(lab);
  const list = files.map(({ path, packed }) => `${(packed / 1e3).toFixed(1).padStart(7)} kB  ${path}`).join("\n");
  console.log(`${list}\n${(total / 1e3).toFixed(1).padStart(7)} kB  in all`);
  assert.ok(total <= mostBytes, `${total} bytes:\n${list}`);
  clean(page);
});

test("no task on the main thread takes more than 50 ms while a run goes on", async () => {
  // Another program on the same machine can hold a task up; it does not do so three times out of three.
  const tries = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const page = await fresh(lab);
    let last = await digest(page);
    await page.waitForTimeout(500);
    const longest = await watchLongTasks(page);
    for (const ttl of ["60", "5", "30"]) {
      await enter(page, "policies.keep_alive.ttl_s", ttl);
      last = await digest(page, last);
      await page.waitForTimeout(400);
    }
    tries.push(await longest());
    clean(page);
    await page.context().close();
    if (tries.at(-1) <= 50) break;
  }
  console.log(`longest tasks: ${tries.map((ms) => `${ms.toFixed(0)} ms`).join(", ")}`);
  assert.ok(tries.at(-1) <= 50, `${tries} ms`);
});

// What a visit may cost in bytes. What it costs in time is measured by `./dev bench --browser`: a test would measure the machine.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clean, open } from "./support.mjs";
import { firstVisit } from "./measure.mjs";

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

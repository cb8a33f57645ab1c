// Traces that the browser keeps: there again after a reload, after Undo, in another tab; and gone when they shall be.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clean, digest, enter, fresh, open } from "./support.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

const trace = (name, k) => ({ name, mimeType: "text/csv", buffer: Buffer.from(
  "function,mem_mb,warm_ms,cold_ms,arrival_ms\n" + Array.from({ length: 500 }, (_, i) => `f${i % k},128,20,400,${i * 10 * k}`).join("\n") + "\n") });

/** Loads a trace, closes its report and answers the digest of its run. */
async function load(page, file) {
  const last = await digest(page);
  await page.locator(".topbar input[type=file]").setInputFiles([file]);
  await page.locator("dialog .facts").waitFor();
  const shown = await digest(page, last);
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  return shown;
}

/** The names of what is kept. */
const kept = (page) => page.evaluate(async () => {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("traces-1", { create: true });
  const names = [];
  for await (const name of folder.keys()) names.push(name);
  return names;
});

/** What asks for a file. */
const asks = (page, name) => page.locator(".stage-empty", { hasText: `needs ${name}` });

test("a reload finds the trace again, without its file and without a word", async () => {
  const page = await fresh(lab);
  const shown = await load(page, trace("mine.csv", 3));
  await page.waitForTimeout(400); // until it is saved
  await page.reload();
  assert.equal(await digest(page), shown);
  assert.match(await page.locator(".inspector .trace-name").textContent(), /mine\.csv/);
  assert.equal(await page.locator("dialog, .notice, .stage-empty").count(), 0);
  // It is there for edits, and its report too.
  await enter(page, "policies.keep_alive.ttl_s", "0.1");
  const second = await digest(page, shown);
  await page.getByRole("button", { name: "Report…" }).click();
  assert.match(await page.locator("dialog").textContent(), /Rows kept500.*kept here for the next visit/s);
  await page.keyboard.press("Escape");
  // And for the next worker.
  await page.evaluate(() => window.dispatchEvent(new CustomEvent("faaslab-crash-worker")));
  await page.locator(".notice.bad", { hasText: "stopped working" }).waitFor();
  await enter(page, "policies.keep_alive.ttl_s", "2");
  assert.equal(await digest(page, second), shown);
  clean(page);
});

test("Undo brings an earlier trace back, and another tab opens a link to one without its file", async () => {
  const page = await fresh(lab);
  const a = await load(page, trace("A.csv", 1));
  const b = await load(page, trace("B.csv", 7));
  await page.getByRole("button", { name: "Undo" }).click();
  assert.equal(await digest(page, b), a);
  await page.getByRole("button", { name: "Redo" }).click();
  assert.equal(await digest(page, a), b);
  await page.getByRole("button", { name: "Share" }).click();
  const link = await page.locator("dialog .link").inputValue();
  const other = await page.context().newPage();
  await other.goto(link);
  assert.equal(await digest(other), b);
  // Whoever has never had it is asked.
  const stranger = await fresh(lab, link.slice(lab.base.length));
  await asks(stranger, "B.csv").waitFor();
  clean(page);
  clean(stranger);
});

test("what shall not be kept is not, and still runs until the page is left", async () => {
  const page = await fresh(lab);
  const shown = await load(page, trace("secret.csv", 2));
  assert.equal((await kept(page)).length, 1);
  await page.getByRole("button", { name: "Report…" }).click();
  await page.getByRole("button", { name: "Do not keep it" }).click();
  await page.getByRole("button", { name: "Do not keep it" }).waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  assert.deepEqual(await kept(page), []);
  await enter(page, "policies.keep_alive.ttl_s", "0.1");
  const second = await digest(page, shown);
  await page.evaluate(() => window.dispatchEvent(new CustomEvent("faaslab-crash-worker")));
  await page.locator(".notice.bad", { hasText: "stopped working" }).waitFor();
  await enter(page, "policies.keep_alive.ttl_s", "2");
  assert.equal(await digest(page, second), shown);
  await page.waitForTimeout(400);
  await page.reload();
  await asks(page, "secret.csv").waitFor();
  clean(page);
});

test("the last four are kept, and a file that is damaged is as good as none", async () => {
  const page = await fresh(lab);
  const shown = [];
  for (const k of [1, 2, 3, 4, 5, 6]) shown.push(await load(page, trace(`t${k}.csv`, k)));
  assert.equal((await kept(page)).length, 4);
  for (const k of [4, 3, 2]) {
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await digest(page, shown[k + 1]), shown[k]);
  }
  await page.getByRole("button", { name: "Undo" }).click();
  await asks(page, "t2.csv").waitFor();
  await page.getByRole("button", { name: "Redo" }).click();
  await asks(page, "t2.csv").waitFor({ state: "detached" });
  for (const left of [-1, 20, 0]) {
    await page.waitForTimeout(400);
    await page.evaluate(async (left) => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("traces-1");
      for await (const handle of folder.values()) {
        const { size } = await handle.getFile();
        const writable = await handle.createWritable({ keepExistingData: true });
        await writable.truncate(left < 0 ? size + left : left);
        await writable.close();
      }
    }, left);
    await page.reload();
    await asks(page, "t3.csv").waitFor();
    await page.locator(".stage-empty input[type=file]").setInputFiles([trace("t3.csv", 3)]);
    assert.equal(await digest(page), shown[2], "it is read and kept anew");
    await page.keyboard.press("Escape");
    await page.waitForTimeout(400);
    await page.reload();
    assert.equal(await digest(page), shown[2]);
  }
  clean(page);
});

test("a browser without a file system for pages reads traces all the same, and asks again", async () => {
  const context = await lab.browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    await context.route("**/worker.js", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: `Object.defineProperty(navigator, "storage", { value: undefined });\n${await answer.text()}` });
    });
    const page = await context.newPage();
    await page.goto(lab.base);
    const shown = await load(page, trace("old.csv", 3));
    await page.getByRole("button", { name: "Report…" }).click();
    assert.equal(await page.getByRole("button", { name: "Do not keep it" }).count(), 0);
    await page.keyboard.press("Escape");
    await page.waitForTimeout(400);
    await page.reload();
    await asks(page, "old.csv").waitFor();
    await page.locator(".stage-empty input[type=file]").setInputFiles([trace("old.csv", 3)]);
    assert.equal(await digest(page), shown);
  } finally {
    await context.close();
  }
});

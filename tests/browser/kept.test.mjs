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

/** Another tab of the same browser, which is watched. */
async function tab(page, address) {
  const other = await page.context().newPage();
  watch(other);
  await other.goto(address);
  return other;
}

/** Notes what goes wrong on a page. */
function watch(page) {
  page.faults = [];
  page.on("console", (m) => { if (m.type() === "error") page.faults.push(m.text()); });
  page.on("pageerror", (e) => page.faults.push(e.message));
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
  const other = await tab(page, link);
  assert.equal(await digest(other), b);
  // Whoever has never had it is asked.
  const stranger = await fresh(lab, link.slice(lab.base.length));
  await asks(stranger, "B.csv").waitFor();
  for (const each of [page, other, stranger]) clean(each);
});

test("a trace that comes back too late is not taken for the one that is named by then", async () => {
  const page = await fresh(lab);
  const a = await load(page, trace("A.csv", 1));
  const b = await load(page, trace("B.csv", 7));
  const [undo, redo] = [page.getByRole("button", { name: "Undo" }), page.getByRole("button", { name: "Redo" })];
  for (let round = 0; round < 3; round++) {
    // Noted as they come: figures of B with the other's invocations would be among them.
    await page.evaluate(() => {
      window.seen = [];
      window.watcher = new MutationObserver(() => window.seen.push(document.querySelector(".figures:not(.old) .digest, .run-line .digest")?.textContent));
      window.watcher.observe(document.querySelector(".figures"), { subtree: true, childList: true, characterData: true });
    });
    await undo.click();
    await redo.click();
    await page.waitForTimeout(600);
    assert.equal(await digest(page), b);
    const seen = await page.evaluate(() => { window.watcher.disconnect(); return window.seen; });
    assert.deepEqual(seen.filter((shown) => shown && shown !== a && shown !== b), []);
  }
  await page.getByRole("button", { name: "Report…" }).click();
  assert.match(await page.locator("dialog").textContent(), /Functions7 in 7 apps/);
  clean(page);
});

test("what another tab lets go of is asked for once the worker is lost", async () => {
  const page = await fresh(lab);
  const shown = await load(page, trace("both.csv", 5));
  await page.waitForTimeout(400);
  const other = await tab(page, lab.base);
  assert.equal(await digest(other), shown);
  await other.getByRole("button", { name: "Report…" }).click();
  await other.getByRole("button", { name: "Do not keep it" }).click();
  await other.getByRole("button", { name: "Not kept" }).waitFor();
  await page.bringToFront();
  await page.evaluate(() => window.dispatchEvent(new CustomEvent("faaslab-crash-worker")));
  await page.locator(".notice.bad", { hasText: "stopped working" }).waitFor();
  await asks(page, "both.csv").waitFor();
  await page.locator(".stage-empty input[type=file]").setInputFiles([trace("both.csv", 5)]);
  assert.equal(await digest(page), shown);
  for (const each of [page, other]) clean(each);
});

test("what shall not be kept is not, and still runs until the page is left", async () => {
  const page = await fresh(lab);
  const shown = await load(page, trace("secret.csv", 2));
  assert.equal((await kept(page)).length, 1);
  await page.getByRole("button", { name: "Report…" }).click();
  await page.getByRole("button", { name: "Do not keep it" }).click();
  const not = page.getByRole("button", { name: "Not kept" });
  await not.waitFor();
  assert.equal(await not.evaluate((e) => e === document.activeElement), true, "the focus stays");
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
    watch(page);
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
    clean(page);
  } finally {
    await context.close();
  }
});

// Traces uploaded to the page: the same digests as natively, told refusals, progress and cancel.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { clean, digest, enter, fresh, hasTraces, open, root, traces } from "./support.mjs";

const skip = hasTraces ? false : "../shared/traces is absent";
const cli = join(root, "target/release/faaslab");
const folder = mkdtempSync(join(tmpdir(), "faaslab-"));
const twenty = join(root, "tests/twenty-workers.json");
let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

const native = (files) =>
  JSON.parse(execFileSync(cli, ["run", twenty, ...files.flatMap((f) => ["--trace", f]), "--json"], { maxBuffer: 1 << 26 }));

/** Opens the twenty workers and uploads files; answers the page and the digest of the run. */
async function upload(files, timeout) {
  const page = await fresh(lab);
  await digest(page);
  await page.locator(".topbar input[type=file]").setInputFiles(twenty);
  await page.waitForFunction(() => document.querySelector(".topbar .title")?.value === "Twenty workers");
  const before = await digest(page);
  const begin = performance.now();
  await page.locator(".topbar input[type=file]").setInputFiles(files);
  await page.locator("dialog .facts").waitFor({ timeout });
  const read = performance.now();
  const shown = await digest(page, before, timeout);
  console.log(`  ${files.length} file(s): read in ${((read - begin) / 1e3).toFixed(1)} s, simulated in ${((performance.now() - read) / 1e3).toFixed(1)} s`);
  return { page, shown };
}

test("our own format, dropped on the page, runs as natively", async () => {
  const file = join(folder, "own.csv");
  const rows = Array.from({ length: 3_000 }, (_, i) => `f${i % 7},${128 + 64 * (i % 3)},${20 + (i % 50)},${400 + (i % 7) * 10},${i * 13.25}`);
  writeFileSync(file, `function,mem_mb,warm_ms,cold_ms,arrival_ms\n${rows.join("\n")}\n`);
  const { page, shown } = await upload([file], 20_000);
  assert.equal(shown, native([file]).digest);
  assert.match(await page.locator("dialog .facts").textContent(), /3000/);
  // The link names the trace, and whoever opens it is asked for the file.
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Share" }).click();
  const link = await page.locator("dialog .link").inputValue();
  const other = await fresh(lab, link.slice(lab.base.length));
  await other.locator(".inspector", { hasText: "The trace is not here" }).waitFor();
  await other.locator(".inspector input[type=file]").setInputFiles(file);
  assert.equal(await digest(other), shown);
  clean(page);
  clean(other);
});

test("a file dropped anywhere on the page is read as a trace", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  const rows = Array.from({ length: 500 }, (_, i) => `f,128,20,400,${i * 10}`).join("\n");
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.items.add(new File([`function,mem_mb,warm_ms,cold_ms,arrival_ms\n${text}\n`], "dropped.csv"));
    for (const type of ["dragover", "drop"]) {
      document.querySelector(".stage-view").dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
  }, rows);
  await digest(page, first);
  assert.match(await page.locator(".inspector .trace-name").textContent(), /dropped\.csv/);
  clean(page);
});

const small = (name, k) => ({ name, mimeType: "text/csv", buffer: Buffer.from(
  "function,mem_mb,warm_ms,cold_ms,arrival_ms\n" + Array.from({ length: 500 }, (_, i) => `f${i % k},128,20,400,${i * 10 * k}`).join("\n") + "\n") });

/** Loads a trace on an open page, which is not to be kept, closes its report and answers the digest of the run. */
async function load(page, file, last) {
  await page.locator(".topbar input[type=file]").setInputFiles([file]);
  await page.locator("dialog .facts").waitFor();
  const shown = await digest(page, last);
  await forget(page);
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  return shown;
}

/** Asks the browser not to keep the trace whose report is open. */
async function forget(page) {
  await page.getByRole("button", { name: "Do not keep it" }).click();
  await page.getByRole("button", { name: "Not kept" }).waitFor();
}

test("a scenario is never run with another trace than the one it names", async () => {
  const page = await fresh(lab);
  const a = await load(page, small("A.csv", 1), await digest(page));
  const b = await load(page, small("B.csv", 7), a);
  await page.getByRole("button", { name: "Share" }).click();
  const link = await page.locator("dialog .link").inputValue();
  await page.keyboard.press("Escape");
  // Undo goes back to A, which is no longer here.
  await page.getByRole("button", { name: "Undo" }).click();
  await page.locator(".stage-empty", { hasText: "needs A.csv" }).waitFor();
  await page.locator(".inspector", { hasText: "The trace is not here" }).waitFor();
  await page.locator(".figures.old").waitFor();
  await page.locator(".stage-empty input[type=file]").setInputFiles([small("A again.csv", 1)]);
  assert.equal(await digest(page, b), a);
  assert.equal(await page.locator(".notice.bad").count(), 0);
  await forget(page);
  await page.keyboard.press("Escape");
  // A link names B while A is here.
  await page.evaluate((fragment) => { location.hash = fragment; }, link.slice(link.indexOf("#")));
  await page.locator(".stage-empty", { hasText: "needs B.csv" }).waitFor();
  await page.waitForTimeout(500);
  assert.equal(await page.locator(".run-line .digest").count(), 0, "no figures of another trace");
  await page.locator(".stage-empty input[type=file]").setInputFiles([small("B.csv", 7)]);
  assert.equal(await digest(page), b);
  // Another file than was asked for is taken, and told.
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.locator(".stage-empty", { hasText: "needs A again.csv" }).waitFor();
  await page.locator(".stage-empty input[type=file]").setInputFiles([small("C.csv", 3)]);
  await page.locator(".notice.bad", { hasText: "not the trace that the experiment was made with: A again.csv has another content" }).waitFor();
  clean(page);
});

test("a file that is changed while it is read is refused, not taken in part", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  const file = join(folder, "changing.csv");
  const rows = (n) => `function,mem_mb,warm_ms,cold_ms,arrival_ms\n${Array.from({ length: n }, (_, i) => `f,128,20,400,${i * 10}`).join("\n")}\n`;
  writeFileSync(file, rows(500));
  // Chosen first and read later, so that it surely changes in between.
  await page.evaluate(() => {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", id: "chosen" });
    document.body.append(input);
  });
  await page.locator("#chosen").setInputFiles(file);
  await page.evaluate(() => { window.chosen = document.getElementById("chosen").files[0]; });
  await page.waitForTimeout(1_100);
  writeFileSync(file, rows(400));
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(window.chosen);
    document.querySelector(".stage-view").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await page.locator(".notice.bad", { hasText: "changing.csv: the file could be read only up to" }).waitFor();
  assert.equal(await page.locator(".run-line .digest").textContent(), first);
  assert.equal(await page.locator(".trace-name").count(), 0);
  clean(page);
});

test("a file of several pieces is known by the SHA-256 of its bytes, whoever computes it", async () => {
  const rows = Array.from({ length: 450_000 }, (_, i) => `f${i % 9},128,20,400,${i * 2}.125`).join("\n");
  const bytes = Buffer.from(`function,mem_mb,warm_ms,cold_ms,arrival_ms\n${rows}\n`);
  const file = join(folder, "pieces.csv");
  writeFileSync(file, bytes);
  assert.ok(bytes.length > 2 * 4_194_304);
  const expected = createHash("sha256").update(bytes).digest("hex");
  // A worker of the worker's; none where there can be none; one that fails at once.
  for (const before of ["", "self.Worker = undefined;", 'self.Worker = class extends Worker { constructor() { super("./not-there.js"); } };']) {
    const context = await lab.browser.newContext({ viewport: { width: 1280, height: 800 } });
    try {
      if (before) {
        await context.route("**/worker.js", async (route) => {
          const answer = await route.fetch();
          await route.fulfill({ response: answer, body: `${before}\n${await answer.text()}` });
        });
      }
      const page = await context.newPage();
      await page.goto(lab.base);
      await digest(page);
      await page.locator(".topbar input[type=file]").setInputFiles(file);
      await page.locator("dialog .facts").waitFor({ timeout: 30_000 });
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Share" }).click();
      const link = await page.locator("dialog .link").inputValue();
      const scenario = JSON.parse(execFileSync(cli, ["link", "decode", link], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
      assert.equal(scenario.workload.trace.files[0].sha256, expected, before);
    } finally {
      await context.close();
    }
  }
});

test("a trace that is dropped while another is read takes its place, with progress and Cancel", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  const rows = (n, k) => `function,mem_mb,warm_ms,cold_ms,arrival_ms\n${Array.from({ length: n }, (_, i) => `f${i % k},128,20,400,${i * 10}.125`).join("\n")}\n`;
  const [one, two] = [join(folder, "one.csv"), join(folder, "two.csv")];
  writeFileSync(one, rows(2_400_000, 5));
  writeFileSync(two, rows(2_500_000, 7));
  const size = (file) => (statSync(file).size / 1e6).toFixed(0);
  await page.locator(".topbar input[type=file]").setInputFiles(one);
  await page.locator(".status", { hasText: new RegExp(`of ${size(one)} MB, (?!0 rows)`) }).waitFor();
  await page.locator(".topbar input[type=file]").setInputFiles(two);
  await page.locator(".status", { hasText: new RegExp(`of ${size(two)} MB, (?!0 rows)`) }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.locator(".status", { hasText: "Reading" }).waitFor({ state: "detached" });
  await page.waitForTimeout(300);
  assert.equal(await page.locator("dialog, .trace-name").count(), 0);
  assert.equal(await page.locator(".run-line .digest").textContent(), first);
  clean(page);
});

/** A file like that of Azure Functions 2021, with this many rows, written piece by piece. */
async function write(path, rows) {
  const file = createWriteStream(path);
  const hashes = Array.from({ length: 424 }, (_, n) => n.toString(16).padStart(8, "0").repeat(8));
  file.write("app,func,end_timestamp,duration\n");
  for (let from = 0; from < rows; from += 10_000) {
    let text = "";
    for (let n = from; n < Math.min(rows, from + 10_000); n++) {
      const duration = 0.001 * (1 + (n % 997));
      text += `${hashes[n % 119]},${hashes[n % 424]},${(n * 0.0121 + duration).toFixed(8)},${duration.toFixed(6)}\n`;
    }
    if (!file.write(text)) await new Promise((resolve) => file.once("drain", resolve));
  }
  file.end();
  await finished(file);
}

/** Bytes of memory that the processes below this one have: the browser's. */
function resident() {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const number = (key) => Number(status.match(new RegExp(`^${key}:\\s+(\\d+)`, "m"))?.[1] ?? 0);
      return [{ pid: Number(pid), parent: number("PPid"), bytes: number("VmRSS") * 1024 }];
    } catch {
      return []; // it has ended by now
    }
  });
  const sum = (parent) => all.filter((process) => process.parent === parent).reduce((bytes, process) => bytes + process.bytes + sum(process.pid), 0);
  return sum(process.pid);
}

test("a file of 467 MB is read in less memory than it has bytes, with progress and Cancel, and runs", async () => {
  const file = join(folder, "large.csv");
  let watch;
  try {
    await write(file, 3_037_902);
    const { size } = statSync(file);
    assert.ok(size > 460e6, `it has ${size} bytes`);
    const page = await fresh(lab);
    await digest(page);
    const input = page.locator(".topbar input[type=file]");
    await input.setInputFiles(twenty);
    await page.waitForFunction(() => document.querySelector(".topbar .title")?.value === "Twenty workers");
    const first = await digest(page);
    const passes = (part) => page.waitForFunction((part) => {
      const said = document.querySelector(".status")?.textContent ?? "";
      return said.startsWith("Reading") && document.querySelector(".status progress")?.value > part;
    }, part);
    const before = process.platform === "linux" ? resident() : 0;
    const samples = [];
    if (before) watch = setInterval(() => samples.push([Date.now(), resident()]), 50);
    await input.setInputFiles(file);
    for (const part of [0.1, 0.3]) await passes(part);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator(".status", { hasText: "Reading" }).waitFor({ state: "detached" });
    assert.equal(await page.locator("dialog, .trace-name").count(), 0);
    assert.equal(await page.locator(".run-line .digest").textContent(), first);
    await enter(page, "policies.keep_alive.ttl_s", "7");
    const second = await digest(page, first);
    // Once more, to the end, when the run begins, which has a memory of its own.
    const read = page.evaluate(() => new Promise((resolve) => {
      new MutationObserver(() => { if (document.querySelector("dialog .facts")) resolve(Date.now()); }).observe(document.body, { subtree: true, childList: true });
    }));
    await input.setInputFiles(file);
    for (const part of [0.2, 0.6]) await passes(part);
    await page.locator("dialog .facts").waitFor({ timeout: 60_000 });
    const end = await read;
    clearInterval(watch);
    const most = Math.max(before, ...samples.filter(([at]) => at < end).map(([, bytes]) => bytes));
    const report = await page.locator("dialog").textContent();
    assert.ok(report.includes("Rows kept3037902Rows rejected0"), report);
    console.log(`  ${(size / 1e6).toFixed(0)} MB were read in ${((most - before) / 1e6).toFixed(0)} MB more than the ${(before / 1e6).toFixed(0)} MB before`);
    assert.ok(most - before < size, `${most - before} bytes more`);
    await page.keyboard.press("Escape");
    await digest(page, second, 120_000);
    clean(page);
  } finally {
    clearInterval(watch);
    rmSync(file, { force: true });
  }
});

test("a real trace of 227,756 invocations runs as natively", { skip }, async () => {
  const file = join(folder, "medium.csv");
  writeFileSync(file, gunzipSync(readFileSync(join(traces, "azure2021/medium.csv.gz"))));
  const { page, shown } = await upload([file], 120_000);
  assert.equal(shown, native([file]).digest);
  clean(page);
});

test("a real trace of 3,037,902 invocations runs as natively", { skip }, async () => {
  const files = ["durations.csv", "invocations.csv", "memory.csv"].map((f) => join(traces, "azure2019_500x480", f));
  const { page, shown } = await upload(files, 240_000);
  assert.equal(shown, native(files).digest);
  clean(page);
});

test("a long run is cancelled, and the page works on", { skip }, async () => {
  const files = ["durations.csv", "invocations.csv", "memory.csv"].map((f) => join(traces, "azure2019_500x480", f));
  const page = await fresh(lab);
  await digest(page);
  await page.locator(".topbar input[type=file]").setInputFiles(files);
  await page.locator("dialog .facts").waitFor({ timeout: 60_000 });
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Cancel" }).click({ timeout: 60_000 });
  await page.getByRole("button", { name: "Cancel" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await digest(page);
  clean(page);
});

test("files that are no traces are refused in words, and what was there stays", { skip }, async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  for (const [file, said] of [["01_empty.csv", "empty"], ["20_html_404.csv", "HTML"], ["15_parquet_named.csv", "Parquet"],
    ["08_missing_column.csv", "duration"], ["30_rar_named.csv", "RAR"]]) {
    await page.locator(".topbar input[type=file]").setInputFiles(join(traces, "hostile", file));
    await page.locator(".notice.bad", { hasText: said }).first().waitFor();
  }
  assert.equal(await page.locator(".run-line .digest").textContent(), first);
  clean(page);
});

test("what is no trace is told in a sentence, and the list of formats is folded", async () => {
  const page = await fresh(lab);
  await digest(page);
  const files = page.locator(".topbar input[type=file]");
  const give = (name, text) => files.setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(text, "latin1") });
  await give("photo.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
  await page.locator(".notice.bad", { hasText: "photo.png: this is not a text file. What can be opened are scenarios" }).waitFor();
  await give("cut.json", '{"version": [');
  await page.locator(".notice.bad", { hasText: "the text ends in the middle of a list" }).waitFor();
  await give("notes.txt", "hello,world\n1,2\n");
  const notice = page.locator(".notice.bad", { hasText: "notes.txt, line 1: the first line is no header" });
  await notice.waitFor();
  assert.ok((await notice.boundingBox()).height < 150);
  await notice.locator("summary").click();
  await notice.locator("li", { hasText: "Azure Functions 2021" }).waitFor();
  clean(page);
});

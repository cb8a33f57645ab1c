// Tables, the story of an invocation with why it fared so, and what can be taken away from a run.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { clean, digest, fresh, open, pane } from "./support.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

const tab = (page, name) => page.getByRole("tab", { name, exact: true }).click();
const rows = (page) => page.locator(".grid .rows > [role=row]");
const cells = (page, row) => row.locator("[role=gridcell]").allTextContents();

/** Opens a scenario as a file. */
const load = (page, scenario) => page.locator(".topbar input[type=file]").setInputFiles(
  { name: "scenario.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(scenario)) });

/** A download's text. */
async function taken(page, act) {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
}

const million = {
  version: 1,
  title: "A million",
  zones: [{ id: "z", latency_ms: 0 }],
  nodes: [
    { id: "users", zone: "z", roles: ["client", "cloud_controller"], x: 40, y: 60 },
    { id: "w", zone: "z", roles: ["worker"], cores: 256, memory_mb: 100000, x: 300, y: 40 },
  ],
  functions: [{ id: "f", memory_mb: 1, execution: { kind: "exponential", mean_ms: 0.1 }, create_ms: 1, init_ms: 1 }],
  workload: { arrivals: { kind: "deterministic", rate_per_s: 100000 } },
  frame: { architecture: { kind: "centralized", decision_ms: 0, message_us: 0 } },
  policies: { keep_alive: { kind: "lru" } },
  run: { seed: 1, duration_s: 10 },
};

test("from a function to its invocations, to one of them, to why, and to the stage", async () => {
  const page = await fresh(lab, "#/gallery/tight-memory");
  await digest(page);
  await tab(page, "Functions");
  await rows(page).first().waitFor();
  const [name, many] = await cells(page, rows(page).first());
  await rows(page).first().click();
  await page.locator(".chip", { hasText: `Function ${name}` }).waitFor();
  await page.locator(".above [role=status]", { hasText: `${Number(many)} invocation` }).or(page.locator(".above [role=status]", { hasText: /invocations/ })).first().waitFor();
  await rows(page).first().waitFor();
  assert.equal((await cells(page, rows(page).first()))[1], name);
  // Those that started cold come first.
  const start = page.getByRole("columnheader", { name: "Start" });
  await start.getByRole("button").click();
  assert.equal(await start.getAttribute("aria-sort"), "descending");
  await page.locator(".grid .rows > [role=row]", { hasText: "cold" }).nth(1).click();
  const story = page.getByRole("article");
  await story.locator(".states li b", { hasText: "completed" }).waitFor();
  await story.getByRole("heading", { name: "Why it started cold" }).waitFor();
  await story.getByRole("heading", { name: "Why it went there" }).waitFor();
  assert.match(await story.locator(".why h3").first().textContent(), /^Why it started cold/, "what took longest is explained first");
  const cold = await story.locator("section", { hasText: "Why it started cold" }).locator("p").textContent();
  assert.match(cold, /worker-1 (had a container of|had never had a container)|were all taken/);
  // An instant is gone to on the stage.
  const when = story.locator(".states .when").first();
  const at = Number.parseFloat(await when.textContent());
  await page.getByRole("button", { name: "Pause" }).click();
  await when.click();
  const shown = async () => {
    const clock = await page.locator(".clock").textContent();
    const parts = /(\d+):(\d\d):(\d\d)/.exec(clock);
    return parts ? Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]) : Number.parseFloat(clock);
  };
  assert.ok(Math.abs(await shown() - at) <= 1, `${await shown()} is not ${at}`);
  await story.getByRole("button", { name: "Follow on the stage" }).click();
  await story.getByRole("button", { name: "All invocations" }).click();
  await page.locator(".chip").click();
  await page.locator(".chip").waitFor({ state: "detached" });
  clean(page);
});

test("an invocation that another made wait, or took the room of, is one click away", async () => {
  const page = await fresh(lab, "#/gallery/tight-memory");
  await digest(page);
  await tab(page, "Invocations");
  await rows(page).first().click();
  const story = page.getByRole("article");
  await story.locator("section").first().waitFor();
  const first = await story.getAttribute("aria-label");
  const other = story.locator(".why button.text-link", { hasText: /^#\d+$/ }).first();
  await other.waitFor();
  const number = (await other.textContent()).slice(1);
  await other.click();
  await page.getByRole("article", { name: `Invocation ${number}`, exact: true }).locator(".states li").first().waitFor();
  assert.notEqual(first, `Invocation ${number}`);
  clean(page);
});

test("a million rows are sorted and scrolled", async () => {
  const page = await fresh(lab);
  const before = await digest(page);
  await load(page, million);
  await digest(page, before, 90_000);
  await tab(page, "Invocations");
  const grid = page.getByRole("grid", { name: "Invocations" });
  await page.waitForFunction(() => document.querySelector(".grid")?.getAttribute("aria-rowcount") === "1000001");
  const begun = Date.now();
  await page.getByRole("columnheader", { name: "Invocation" }).getByRole("button").click();
  await page.locator("#row-0", { hasText: "#0" }).waitFor();
  await grid.focus();
  await page.keyboard.press("End");
  await page.locator("[aria-rowindex='1000001']", { hasText: "#999999" }).waitFor();
  assert.ok(await rows(page).count() < 100, "only what is in sight is on the page");
  await page.keyboard.press("PageUp");
  await grid.evaluate((e) => { e.scrollTop = e.scrollHeight / 2; });
  await page.waitForFunction(() => {
    const middle = document.querySelector(".grid .rows > [role=row]:nth-child(12)");
    const number = Number(middle?.querySelector("[role=gridcell]")?.textContent?.slice(1));
    return number > 400_000 && number < 600_000;
  });
  await page.getByRole("columnheader", { name: "Slowdown" }).getByRole("button").click();
  await page.waitForFunction(() => {
    const shown = [...document.querySelectorAll(".grid .rows > [role=row]")].map((row) => parseFloat(row.children[4].textContent));
    return shown.length > 3 && shown.every((x) => x > 0) && shown.slice(1).every((x, i) => x <= shown[i]);
  });
  assert.ok(Date.now() - begun < 30_000, `${Date.now() - begun} ms`);
  clean(page);
});

test("zones and hosts have tables, and a host leads to its invocations", async () => {
  const page = await fresh(lab);
  await digest(page);
  await tab(page, "Hosts");
  await page.getByRole("button", { name: "Zones" }).click();
  await page.getByRole("grid", { name: "Zones" }).locator("#row-1").waitFor();
  await page.getByRole("button", { name: "Hosts", exact: true }).click();
  await page.getByRole("grid", { name: "Hosts" }).locator("#row-0").waitFor();
  const [host] = await cells(page, rows(page).first());
  await page.getByRole("grid", { name: "Hosts" }).focus();
  await page.keyboard.press("Enter");
  await page.locator(".chip", { hasText: `Host ${host}` }).waitFor();
  await rows(page).first().waitFor();
  assert.equal((await cells(page, rows(page).first()))[5], host);
  clean(page);
});

test("tables, series and figures are taken away as files", async () => {
  const page = await fresh(lab);
  const shown = await digest(page);
  const pick = (name) => async () => {
    await page.locator(".export summary").click();
    await page.locator(".export .items").getByRole("button", { name }).click();
  };
  const invocations = await taken(page, pick("Invocations CSV"));
  const lines = invocations.text.trimEnd().split("\n");
  assert.equal(invocations.name, "invocations.csv");
  assert.equal(lines[0],
    "invocation,function,client,submitted_ns,execution_ns,outcome,cold,host,started_ns,finished_ns,response_ns,slowdown,attempts,cause,job");
  const summary = await taken(page, pick("Summary CSV"));
  const figure = (name) => summary.text.split("\n").find((l) => l.startsWith(`${name},`))?.slice(name.length + 1);
  assert.equal(figure("digest"), shown);
  assert.equal(Number(figure("submitted")), lines.length - 1);
  lines.slice(1).forEach((line, i) => assert.ok(line.startsWith(`${i},`), line));
  const json = JSON.parse((await taken(page, pick("Summary JSON"))).text);
  assert.equal(json.digest, shown);
  assert.equal(json.zones.length, 2);
  const series = (await taken(page, pick("Series over time"))).text.trimEnd().split("\n");
  assert.ok(series.length > 100 && series[0].startsWith("from_s,to_s,slowdown_p50,"));
  const hosts = await taken(page, pick("Hosts CSV"));
  assert.match(hosts.text, /^host,ended,cold,/);
  clean(page);
});

test("the head of a figure stands over its figures, and its arrow is not cut", async () => {
  const page = await fresh(lab);
  await digest(page);
  await page.getByRole("tab", { name: "Functions" }).click();
  await page.locator(".grid .rows > [role=row]").first().waitFor();
  const right = (locator) => locator.evaluate((e) => {
    const range = document.createRange();
    range.selectNodeContents(e);
    return range.getBoundingClientRect().right;
  });
  const heads = page.locator(".grid .head .figure-cell");
  const cells = page.locator(".grid .rows > [role=row]").first().locator(".figure-cell");
  for (let i = 0; i < await heads.count(); i++) {
    await heads.nth(i).getByRole("button").click();
    const [head, cell] = [await right(heads.nth(i).locator(".title")), await right(cells.nth(i))];
    assert.ok(Math.abs(head - cell) < 1.5, `column ${i}: ${head} and ${cell}`);
    const before = i === 0 ? 0 : await right(heads.nth(i - 1).locator(".title"));
    const arrow = await heads.nth(i).locator(".mark").boundingBox();
    assert.ok(arrow.width > 4 && arrow.x >= before, `the arrow of column ${i}`);
  }
  clean(page);
});

test("the stage at the playhead is had as a picture, as it is shown", async () => {
  const page = await fresh(lab);
  await digest(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator(".export summary").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".export .items").getByRole("button", { name: "Stage at this instant" }).click()]);
  assert.equal(download.suggestedFilename(), "faaslab-stage.svg");
  const text = await readFile(await download.path(), "utf8");
  const parsed = await page.evaluate((text) => {
    const svg = new DOMParser().parseFromString(text, "image/svg+xml");
    return [svg.querySelector("parsererror")?.textContent ?? "", svg.documentElement.getAttribute("viewBox"), [...svg.querySelectorAll("text")].map((e) => e.textContent)];
  }, text);
  assert.equal(parsed[0], "");
  const box = await page.locator(".stage-view.own").boundingBox();
  assert.equal(parsed[1], `0 0 ${Math.round(box.width)} ${Math.round(box.height)}`);
  for (const words of ["worker-1", "worker-3", "Users", "Edge", "Cloud"]) assert.ok(parsed[2].includes(words), words);
  assert.ok(parsed[2].some((word) => /\/ 2 GB$/.test(word)), "what workers hold at that instant");
  clean(page);
});

test("a phone has the picture of the whole stage, though its results hide it", async () => {
  const page = await fresh(lab, "", { viewport: { width: 400, height: 800 } });
  await digest(page);
  await pane(page, "Results");
  await page.locator(".export summary").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".export .items").getByRole("button", { name: "Stage at this instant" }).click()]);
  const text = await readFile(await download.path(), "utf8");
  assert.match(text, /viewBox="0 0 960 540"/);
  assert.match(text, /worker-2/);
  clean(page);
});

test("the report has the scenario in words, figures, charts and the digest, and prints alone", async () => {
  const page = await fresh(lab);
  const shown = await digest(page);
  await page.locator(".export summary").click();
  await page.locator(".export .items").getByRole("button", { name: "Report on one page" }).click();
  const report = page.locator(".report");
  await report.waitFor();
  assert.match(await report.textContent(), /workers with .* cores .*Architecture: /);
  assert.match(await report.textContent(), new RegExp(shown));
  assert.equal(await report.locator("svg").count(), 5, "the stage and four charts");
  assert.match(await report.locator(".report-stage").textContent(), /The stage after [\d.]+ s/);
  const links = await report.locator(".way a").evaluateAll((all) => all.map((a) => [a.textContent, a.href]));
  assert.equal(links.length, 2, "a short link and one that holds everything");
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".bench").isVisible(), false);
  assert.equal(await report.isVisible(), true);
  clean(page);
  // What is printed leads to the same run.
  for (const [text, href] of links) {
    assert.equal(text, href);
    const other = await fresh(lab, text.slice(lab.base.length));
    assert.equal(await digest(other), shown);
    clean(other);
  }
});

// What is around the bench: addresses, frames, ways to share, the kept undo history, themes, keys, gallery, a lost worker.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { canvas, checksum, clean, digest, enter, fresh, open } from "./support.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

const field = (page, path) => page.locator(`[id="f-${path}"]`);
const title = (page) => page.locator(".topbar .title").inputValue();
const at = (page) => page.locator('input[aria-label="Playhead"]').evaluate((e) => Number(e.value));
const saved = (page) => page.waitForFunction(() => localStorage.getItem("faaslab.history"));

test("an address sets values and the playhead, and names what it does not understand", async () => {
  const page = await fresh(lab, "#/gallery/three-edges?policies.keep_alive.ttl_s=60&t=31s&colour=red&policies.nothing.x=1");
  const seen = await digest(page);
  assert.equal(await field(page, "policies.keep_alive.ttl_s").inputValue(), "60");
  assert.ok((await at(page)) >= 31, `it stands at ${await at(page)} s`);
  await page.locator(".notice", { hasText: "colour=red" }).waitFor();
  await page.locator(".notice", { hasText: "policies.nothing.x" }).waitFor();
  // The same by hand.
  const other = await fresh(lab);
  const first = await digest(other);
  await enter(other, "policies.keep_alive.ttl_s", "60");
  assert.equal(await digest(other, first), seen);
  // Another instant of what is shown.
  await page.evaluate(() => { location.hash = "#/?t=12s"; });
  await page.waitForFunction(() => { const t = Number(document.querySelector('input[aria-label="Playhead"]').value); return t >= 12 && t < 31; });
  clean(page);
});

test("a frame shows stage and chart alone, moves, and changes nothing", async () => {
  const page = await fresh(lab);
  await digest(page);
  // A page of the same host: browsers let no other one frame what is on the local network.
  await page.goto(`${lab.base}scenario.schema.json`);
  await page.setContent(`<iframe src="${lab.base}#/gallery/herd?embed=stage,cdf,pie" width="720" height="640" title="a course page"></iframe>`);
  const frame = page.frameLocator("iframe");
  await frame.locator('.chart[data-chart="slowdown-cdf"] canvas').waitFor();
  assert.equal(await frame.locator(".chart").count(), 1);
  assert.equal(await frame.locator(".topbar, .inspector, .tabs").count(), 0);
  await frame.locator(".notice", { hasText: "embeds pie" }).waitFor();
  const picture = () => frame.locator(".stage-view canvas").evaluate((c) => c.toDataURL());
  await frame.locator(".chart[data-chart] .chart-title").waitFor();
  const one = await picture();
  await page.waitForTimeout(400);
  assert.notEqual(await picture(), one, "the stage moves");
  const count = await frame.locator(".topology .node").count();
  await frame.locator(".topology .node").first().focus();
  await page.keyboard.press("Delete");
  await page.waitForTimeout(300);
  assert.equal(await frame.locator(".topology .node").count(), count);
  const whole = await frame.locator(".embed-foot a").getAttribute("href");
  const other = await fresh(lab, whole.slice(lab.base.length));
  await digest(other);
  assert.equal(await title(other), "Old news");
  // Nothing of it was saved in the place of other work.
  assert.equal(await other.evaluate(() => localStorage.getItem("faaslab.scenario")), null);
  clean(other);
});

test("the share dialog has a short link, a QR code of it and a frame, and each opens to the same run", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  await enter(page, "policies.keep_alive.ttl_s", "9");
  const second = await digest(page, first);
  await page.getByRole("button", { name: "Share" }).click();
  const short = await page.getByRole("textbox", { name: "Short link" }).inputValue();
  assert.equal(short, `${lab.base}#/gallery/three-edges?policies.keep_alive.ttl_s=9`);
  await page.getByRole("img", { name: "QR code of the link" }).waitFor();
  await page.locator("dialog summary", { hasText: "course page" }).click();
  await page.getByLabel("The figures").check();
  const frame = await page.getByRole("textbox", { name: "Frame" }).inputValue();
  assert.match(frame, /^<iframe src="[^"]+\?embed=stage,figures,cdf&amp;policies\.keep_alive\.ttl_s=9" .*<\/iframe>$/);
  await page.getByLabel(/Begin where the playhead is/).check();
  assert.match(await page.locator("dialog .link").inputValue(), /\?t=[\d.]+s$/);
  const other = await fresh(lab, short.slice(lab.base.length));
  assert.equal(await digest(other), second);
  const embedded = await fresh(lab, frame.match(/src="([^"]+)"/)[1].replaceAll("&amp;", "&").slice(lab.base.length));
  assert.equal(await digest(embedded), second);
  clean(page);
  clean(other);
  clean(embedded);
});

test("the link goes to the clipboard, alone or as Markdown with the title", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await enter(page, "policies.keep_alive.ttl_s", "9");
  const second = await digest(page, first);
  // Brackets would end the text of a Markdown link.
  await page.locator(".topbar .title").fill("Old [news] & more");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Share" }).click();
  const link = await page.locator("dialog .link").inputValue();
  for (const [button, expected, said] of [
    ["Copy link", link, "Link copied"],
    ["Copy as Markdown", `[Old news & more](${link})`, "Markdown copied"],
  ]) {
    await page.getByRole("button", { name: button }).click();
    await page.locator("dialog [role=status]", { hasText: said }).waitFor();
    assert.equal(await copied(), expected);
  }
  const there = (await copied()).match(/\]\((.*)\)$/)[1];
  const other = await fresh(lab, there.slice(lab.base.length));
  assert.equal(await digest(other), second);
  assert.equal(await title(other), "Old [news] & more");
  clean(page);
  clean(other);
});

test("a link too long for a QR code says why and offers a file", async () => {
  const page = await fresh(lab);
  let last = await digest(page);
  await page.locator(".topology .node").last().focus();
  await page.keyboard.press("Delete");
  await page.getByRole("button", { name: "+ Worker" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Share" }).click();
  await page.locator("dialog .no-code", { hasText: "up to 600 characters; this link has" }).waitFor();
  assert.equal(await page.locator("dialog .qr, dialog [aria-label='Short link']").count(), 0);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as a file" }).click()]);
  assert.match(download.suggestedFilename(), /\.json$/);
  clean(page);
});

test("undo and redo go on after a reload", async () => {
  const page = await fresh(lab);
  const digests = [await digest(page)];
  for (const ttl of ["7", "8", "9"]) {
    await enter(page, "policies.keep_alive.ttl_s", ttl);
    digests.push(await digest(page, digests.at(-1)));
  }
  await page.getByRole("button", { name: "Undo" }).click();
  assert.equal(await digest(page, digests[3]), digests[2]);
  await page.waitForFunction(() => JSON.parse(localStorage.getItem("faaslab.history") ?? "{}").undone?.length === 1);
  await page.reload();
  assert.equal(await digest(page), digests[2]);
  await page.getByRole("button", { name: "Redo" }).click();
  assert.equal(await digest(page, digests[2]), digests[3]);
  for (const i of [2, 1, 0]) {
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await digest(page, digests[i + 1]), digests[i]);
  }
  assert.ok(await page.getByRole("button", { name: "Undo" }).isDisabled());
  clean(page);
});

test("each tab returns to its own work, with its own history; a new one begins with the last", async () => {
  const page = await fresh(lab);
  const other = await page.context().newPage();
  other.faults = [];
  other.on("pageerror", (e) => other.faults.push(e.message));
  await other.goto(lab.base);
  const last = new Map();
  for (const each of [page, other]) last.set(each, await digest(each));
  const edit = async (each, ttl) => {
    await each.bringToFront();
    await enter(each, "policies.keep_alive.ttl_s", String(ttl));
    last.set(each, await digest(each, last.get(each)));
    await each.waitForTimeout(350); // until it is saved
  };
  for (const [each, ttl] of [[page, 0.5], [page, 1], [other, 3], [other, 4], [page, 1.5], [other, 5]]) await edit(each, ttl);
  await page.bringToFront();
  await page.reload();
  assert.equal(await digest(page), last.get(page));
  assert.equal(await field(page, "policies.keep_alive.ttl_s").inputValue(), "1.5");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForFunction(() => document.querySelector('[id="f-policies.keep_alive.ttl_s"]').value === "1");
  last.set(page, await digest(page, last.get(page)));
  await edit(page, 7);
  const third = await page.context().newPage();
  await third.goto(lab.base);
  assert.equal(await digest(third), last.get(page), "the last that was saved in any tab");
  clean(page);
  clean(other);
});

test("a reload in a fork says that its changes are in the timeline, and Undo takes them back", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  await page.getByRole("button", { name: "Fork", exact: true }).click();
  await enter(page, "policies.keep_alive.ttl_s", "60");
  const forked = await digest(page, first);
  await page.waitForTimeout(350);
  await page.reload();
  assert.equal(await digest(page), forked);
  await page.locator(".notice", { hasText: "left in a fork at" }).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  assert.equal(await digest(page, forked), first);
  await page.waitForTimeout(350);
  await page.reload();
  assert.equal(await digest(page), first);
  assert.equal(await page.locator(".notice").count(), 0);
  clean(page);
});

/** Fills the browser's storage but for so many characters. */
const fill = (page, free) => page.evaluate((free) => {
  localStorage.removeItem("filler");
  let filler = "";
  for (let size = 1 << 22; size >= 1; size >>= 1) {
    try { localStorage.setItem("filler", filler + "x".repeat(size)); filler += "x".repeat(size); } catch { /* smaller */ }
  }
  localStorage.setItem("filler", filler.slice(0, Math.max(0, filler.length - free)));
}, free);

test("without room the oldest steps are forgotten and told; without any, the page says that nothing is saved", async () => {
  const page = await fresh(lab);
  let last = await digest(page);
  const edit = async (ttl) => {
    await enter(page, "policies.keep_alive.ttl_s", String(ttl));
    last = await digest(page, last);
  };
  await edit(11);
  await saved(page);
  // Room for two more steps.
  await fill(page, 2_600);
  for (const ttl of [12, 13, 14, 15]) {
    await edit(ttl);
    await page.waitForTimeout(300);
  }
  await page.locator(".notice", { hasText: "no room for the whole undo history" }).waitFor();
  assert.equal(await page.locator(".notice.bad").count(), 0);
  await page.reload();
  last = await digest(page);
  assert.equal(await field(page, "policies.keep_alive.ttl_s").inputValue(), "15", "the work itself is saved");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForFunction(() => document.querySelector('[id="f-policies.keep_alive.ttl_s"]').value === "14");
  last = await digest(page, last);
  // Now nothing fits at all.
  await page.evaluate(() => {
    for (const key of Object.keys(localStorage)) if (key.startsWith("faaslab.")) localStorage.removeItem(key);
    sessionStorage.clear();
  });
  await fill(page, 0);
  await edit(16);
  await page.locator(".notice.bad", { hasText: "no room left to save your work" }).waitFor();
  clean(page);
});

test("high contrast is chosen, kept, and follows the system; stage and charts are drawn anew", async () => {
  const page = await fresh(lab, "", { colorScheme: "light" });
  await digest(page);
  await page.getByRole("button", { name: "Pause" }).click();
  const chart = () => page.locator(".chart canvas").first().evaluate((c) => c.toDataURL());
  const theme = page.locator(".theme");
  const choose = async (name) => {
    await theme.locator("summary").click();
    await theme.getByRole("button", { name }).click();
  };
  const colours = () => page.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    return ["--ground", "--ink", "--least-stroke"].map((name) => style.getPropertyValue(name)).join();
  });
  const changes = async (change, expected) => {
    await page.waitForTimeout(150);
    const [stageBefore, chartBefore] = [await canvas(page), await chart()];
    await change();
    await page.waitForTimeout(250);
    assert.equal(await colours(), expected);
    assert.notEqual(await canvas(page), stageBefore, "the stage");
    assert.notEqual(await chart(), chartBefore, "the charts");
  };
  assert.equal(await colours(), "#F6F7F9,#1A2129,0");
  await changes(() => choose("High contrast"), "#FFFFFF,#000000,2px");
  await changes(() => page.emulateMedia({ colorScheme: "dark" }), "#000000,#FFFFFF,2px");
  await page.reload();
  await digest(page);
  assert.equal(await theme.locator("summary").getAttribute("aria-label"), "Theme: High contrast");
  await page.getByRole("button", { name: "Pause" }).click();
  await changes(() => choose("System"), "#0F1419,#E8EDF2,0");
  await changes(() => page.emulateMedia({ colorScheme: "light" }), "#F6F7F9,#1A2129,0");
  await changes(() => page.emulateMedia({ contrast: "more" }), "#FFFFFF,#000000,2px");
  await changes(() => choose("Dark"), "#0F1419,#E8EDF2,2px"); // strokes stay as the system asks
  await page.emulateMedia({ contrast: null, forcedColors: "active" });
  await page.waitForTimeout(200);
  assert.equal(await colours(), "Canvas,CanvasText,2px", "forced colours hold over a chosen theme");
  // By keys: arrows go through the menu, Escape folds it and gives the focus back.
  const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.getAttribute("aria-label"));
  await theme.locator("summary").focus();
  for (const [key, name] of [["Enter", "Theme: Dark"], ["ArrowDown", "System"], ["ArrowUp", "High contrast"], ["Home", "System"], ["Escape", "Theme: Dark"]]) {
    await page.keyboard.press(key);
    assert.equal(await focused(), name, key);
  }
  assert.equal(await theme.getAttribute("open"), null);
  clean(page);
});

test("the help lists the keys, and they do what it says", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  await page.keyboard.press("?");
  const help = await page.locator("dialog .shortcuts").innerText();
  for (const line of ["Space\tPlay or pause; held, a drag on the stage looks around", "Ctrl Z\tUndo", "?\tThis list"]) {
    assert.ok(help.replace(/\s+/g, " ").includes(line.replace(/\s+/g, " ")), `${line} in ${help}`);
  }
  // A dialog has its keys to itself.
  await page.keyboard.press(" ");
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.ok(await page.getByRole("button", { name: "Pause" }).isVisible());
  await page.locator("body").press(" ");
  await page.getByRole("button", { name: "Play" }).waitFor();
  await enter(page, "policies.keep_alive.ttl_s", "60");
  const second = await digest(page, first);
  await page.locator(".topology .node").first().focus();
  await page.keyboard.press("Control+z");
  assert.equal(await digest(page, second), first);
  await page.keyboard.press("Control+Shift+Z");
  assert.equal(await digest(page, first), second);
  clean(page);
});

test("the gallery is in topics, says what to look at, and finds by words", async () => {
  const page = await fresh(lab);
  await digest(page);
  const open = () => page.getByRole("button", { name: "Gallery" }).click();
  await open();
  const all = await page.locator("dialog .card").count();
  const topics = await page.locator("dialog section > h3").allTextContents();
  assert.ok(all > 30 && topics.length > 4 && topics[0] === "Begin here", topics.join());
  assert.equal(await page.locator("dialog .card .card-look", { hasText: "Look at: " }).count(), all);
  assert.equal(await page.locator("dialog .card .picture svg").count(), all);
  await page.getByRole("searchbox").fill("HAWK");
  await page.waitForFunction((all) => document.querySelectorAll("dialog .card").length < all, all);
  assert.ok((await page.locator("dialog .card").count()) >= 1);
  await page.getByRole("searchbox").fill("zebra");
  await page.locator("dialog [role=status]", { hasText: "Nothing has all these words" }).waitFor();
  await page.keyboard.press("Escape");
  clean(page);
});

test("after a crash of the worker the stage still goes to any instant of the run that is shown", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  await page.getByRole("button", { name: "Pause" }).click();
  const seek = (s) => page.locator('input[aria-label="Playhead"]').evaluate((e, s) => {
    e.value = s;
    e.dispatchEvent(new Event("input", { bubbles: true }));
  }, s);
  const pictures = async () => {
    const seen = [];
    for (const s of [20, 40]) {
      await seek(s);
      await page.waitForTimeout(500);
      seen.push(await canvas(page));
    }
    return seen;
  };
  const before = await pictures();
  assert.notEqual(before[0], before[1]);
  await page.evaluate(() => window.dispatchEvent(new CustomEvent("faaslab-crash-worker")));
  await page.locator(".notice.bad", { hasText: "stopped working" }).waitFor();
  assert.deepEqual(await pictures(), before);
  assert.equal(await page.locator(".notice").count(), 1, "one crash is told once");
  assert.equal(await page.locator(".run-line .digest").textContent(), first);
  assert.equal(await page.locator(".figures.old").count(), 0, "without a word");
  await page.getByRole("tab", { name: "Invocations" }).click();
  await page.locator(".grid .rows > [role=row]").first().waitFor();
});

test("after a crash of the worker a trace runs on without being asked for again", async () => {
  const rows = Array.from({ length: 300 }, (_, i) => `f${i % 3},128,20,400,${i * 200}`);
  const file = { name: "own.csv", mimeType: "text/csv", buffer: Buffer.from(`function,mem_mb,warm_ms,cold_ms,arrival_ms\n${rows.join("\n")}\n`) };
  const shown = [];
  for (const crash of [false, true]) {
    const page = await fresh(lab);
    const first = await digest(page);
    await page.locator(".topbar input[type=file]").setInputFiles(file);
    await page.locator("dialog .facts").waitFor();
    const own = await digest(page, first);
    await page.keyboard.press("Escape");
    if (crash) {
      await page.evaluate(() => window.dispatchEvent(new CustomEvent("faaslab-crash-worker")));
      await page.locator(".notice.bad", { hasText: "stopped working" }).waitFor();
    } else {
      clean(page);
    }
    await enter(page, "policies.keep_alive.ttl_s", "0.5");
    shown.push(await digest(page, own));
    assert.equal(await page.locator(".stage-empty").count(), 0, "no file is asked for");
    assert.match(await page.locator(".inspector .trace-name").textContent(), /own\.csv/);
  }
  assert.equal(shown[1], shown[0]);
});

test("a link that is too long, and one that unpacks to too much, are told in words, and the page goes on", async () => {
  const bomb = deflateRawSync(Buffer.alloc(16_000_010, " "), { level: 9 });
  const far = `1${Buffer.concat([bomb, checksum(bomb)]).toString("base64url")}`;
  assert.ok(far.length < 100_000, "it is small before it is unpacked");
  for (const [payload, said] of [["1".repeat(2_000_001), "2000001 characters, more than 2000000. Ask for the scenario as a file"],
    [far, "unpacks to more than 16000000 bytes, which no scenario needs"]]) {
    // Where the page begins, and where it is already.
    const page = await fresh(lab, `#/s/${payload}`);
    await page.locator(".notice.bad", { hasText: said }).waitFor();
    const first = await digest(page);
    await page.locator(".notice.bad button").click();
    await page.evaluate(() => { location.hash = "#"; });
    await page.evaluate((payload) => { location.hash = `#/s/${payload}`; }, payload);
    await page.locator(".notice.bad", { hasText: said }).waitFor();
    assert.equal(await page.locator(".run-line .digest").textContent(), first, "what was there stays");
    await enter(page, "policies.keep_alive.ttl_s", "7");
    await digest(page, first);
    clean(page);
    await page.context().close();
  }
});

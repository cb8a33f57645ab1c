// The stage as an editor: selecting, moving, copying, zones, blocks, the outline, and all of it by keys alone.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { clean, digest, enter, fresh, open } from "./support.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

const node = (page, id) => page.locator(`[id="stage-${id}"]`);
const frame = (page, id) => node(page, id).locator("rect:not(.ring)").first();
const selected = (page) => page.locator(".topology .selected").evaluateAll((all) => all.map((e) => e.id.slice("stage-".length)).sort());
const ids = (page, kind = "node") => page.locator(`.topology .${kind}`).evaluateAll((all) => all.map((e) => e.id.slice("stage-".length)));

/** Waits until something is so, and says what it was instead. */
async function until(read, wanted, what = "") {
  const end = Date.now() + 5_000;
  let is = await read();
  const same = (a) => (typeof wanted === "function" ? wanted(a) : JSON.stringify(a) === JSON.stringify(wanted));
  while (!same(is) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    is = await read();
  }
  if (typeof wanted === "function") assert.ok(wanted(is), `${what}: ${JSON.stringify(is)}`);
  else assert.deepEqual(is, wanted, what);
}

/** Where something is, once it stands still. */
async function place(page, id) {
  let before = null;
  await until(async () => {
    const now = await frame(page, id).boundingBox();
    const still = before && now && Math.abs(now.x - before.x) + Math.abs(now.y - before.y) + Math.abs(now.width - before.width) < 0.1;
    before = now;
    return still;
  }, true, `${id} stands still`);
  return before;
}

const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];

async function drag(page, [x, y], [dx, dy], options = {}) {
  await page.mouse.move(x, y);
  await page.mouse.down(options);
  await page.mouse.move(x + dx / 2, y + dy / 2, { steps: 3 });
  await page.mouse.move(x + dx, y + dy, { steps: 3 });
  await page.mouse.up(options);
}

async function start(address = "") {
  const page = await fresh(lab, address);
  await digest(page);
  await page.getByRole("button", { name: "Pause" }).click();
  return page;
}

test("what was zoomed to stays when a zone comes or the title changes", async () => {
  const page = await start();
  await page.getByRole("button", { name: "Zoom in" }).click();
  const before = await place(page, "users");
  await page.locator(".topbar .title").fill("Another name");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "+ Zone" }).click();
  const stage = await page.locator(".stage-view").boundingBox();
  await page.mouse.click(stage.x + stage.width - 60, stage.y + 60);
  await until(() => ids(page, "zone"), (all) => all.length === 3, "a zone was added");
  const after = await place(page, "users");
  assert.ok(Math.abs(after.width - before.width) < 0.5, "the zoom stays");
  await page.getByRole("button", { name: "Fit", exact: true }).click();
  await until(async () => (await place(page, "users")).width < before.width - 1, true, "Fit shows everything again");
  clean(page);
});

test("with the space bar held a drag looks around; a short press of it plays", async () => {
  const page = await start(); // the focus is on the button that paused
  const play = () => page.locator(".play").getAttribute("aria-label");
  const look = async () => {
    const from = await place(page, "worker-1");
    await page.keyboard.down(" ");
    await drag(page, middle(from), [40, 24]);
    await page.keyboard.up(" ");
    const to = await place(page, "worker-1");
    assert.deepEqual([Math.round(to.x - from.x), Math.round(to.y - from.y)], [40, 24], "the ground moved");
    assert.equal(await play(), "Play", "and nothing else happened");
    assert.ok(await page.getByRole("button", { name: "Undo" }).isDisabled());
  };
  await look();
  await look(); // and now it is on the stage
  await page.keyboard.press(" ");
  await until(play, "Pause");
  clean(page);
});

test("shift click selects and lets go, and presses of an arrow are one step", async () => {
  const page = await start();
  const [a, b] = [middle(await place(page, "worker-1")), middle(await place(page, "worker-2"))];
  await page.mouse.click(...a);
  await page.keyboard.down("Shift");
  await page.mouse.click(...b);
  await until(() => selected(page), ["worker-1", "worker-2"]);
  await page.mouse.click(...b);
  await page.keyboard.up("Shift");
  await until(() => selected(page), ["worker-1"], "the second was let go, and stays so");
  const before = await place(page, "worker-1");
  await node(page, "worker-1").focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowDown");
  await until(async () => (await place(page, "worker-1")).y > before.y + 20, true, "it moved");
  await page.keyboard.press("Control+z");
  await until(async () => Math.abs((await place(page, "worker-1")).y - before.y) < 1, true, "one undo takes all presses back");
  assert.equal(await page.getByRole("button", { name: "Undo" }).isDisabled(), true);
  clean(page);
});

test("a marquee selects, Ctrl A selects everything and Escape nothing", async () => {
  const page = await start();
  const [a, b] = [await place(page, "worker-1"), await place(page, "worker-2")];
  const corner = [Math.min(a.x, b.x) - 6, Math.min(a.y, b.y) - 6];
  await page.keyboard.down("Shift");
  await page.mouse.move(...corner);
  await page.mouse.down();
  await page.mouse.move(Math.max(a.x, b.x) + 20, Math.max(a.y, b.y) + 20, { steps: 5 });
  assert.equal(await page.locator(".topology .marquee").count(), 1);
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await until(() => selected(page), ["worker-1", "worker-2"]);
  assert.equal(await page.locator(".topology .marquee").count(), 0);
  await page.keyboard.press("Control+a");
  await until(() => selected(page), (all) => all.length === 7 && all.includes("edge") && all.includes("users"), "all nodes and zones");
  await page.keyboard.press("Escape");
  await until(() => selected(page), []);
  // On open ground a plain drag does the same.
  await page.getByRole("button", { name: "Zoom out" }).click();
  await page.getByRole("button", { name: "Zoom out" }).click();
  await place(page, "users");
  const stage = await page.locator(".stage-view").boundingBox();
  await drag(page, [stage.x + 6, stage.y + 6], [stage.width - 12, stage.height - 60]);
  await until(() => selected(page), (all) => all.length === 5, "every node");
  clean(page);
});

test("several are edited together, as one step", async () => {
  const page = await start();
  const first = await digest(page);
  await page.mouse.click(...middle(await place(page, "worker-1")));
  await page.keyboard.down("Shift");
  for (const id of ["worker-2", "worker-3"]) await page.mouse.click(...middle(await place(page, id)));
  await page.keyboard.up("Shift");
  await page.locator(".inspector h2", { hasText: "3 nodes" }).waitFor();
  await enter(page, "nodes.worker-1.memory_mb", "777");
  await digest(page, first);
  await page.mouse.click(...middle(await place(page, "worker-3")));
  await until(() => page.locator('[id="f-nodes.worker-3.memory_mb"]').inputValue(), "777");
  await enter(page, "nodes.worker-3.memory_mb", "888");
  await page.keyboard.press("Escape");
  await node(page, "worker-1").focus();
  await page.keyboard.press("Control+Shift+ArrowDown");
  await page.keyboard.press("Control+a");
  await page.locator(".inspector h2", { hasText: "5 nodes, 2 zones" }).waitFor();
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  assert.equal(await page.getByRole("button", { name: "Undo" }).isDisabled(), true, "two steps in all");
  clean(page);
});

test("copy, cut, paste and duplicate, between tabs too, and what cannot be pasted says why", async () => {
  const page = await start();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.mouse.click(...middle(await place(page, "worker-1")));
  await page.keyboard.press("Control+d");
  await until(() => selected(page), ["worker-4"]);
  await page.keyboard.press("Control+z");
  await node(page, "edge").focus();
  await page.keyboard.press("Control+c");
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.deepEqual(copied.zones.map((z) => z.id), ["edge"]);
  const other = await page.context().newPage();
  await other.goto(`${lab.base}#/gallery/single-queue`);
  await digest(other);
  const had = (await ids(other)).length;
  await other.bringToFront();
  await other.locator(".stage-view").click({ position: { x: 8, y: 8 } });
  await other.keyboard.press("Control+v");
  await until(() => selected(other), ["edge"]);
  assert.equal((await ids(other)).length, had + copied.nodes.length);
  await other.keyboard.press("Control+x");
  await until(async () => (await ids(other)).length, had, "cut takes it away");
  await other.keyboard.press("Control+v");
  await until(async () => (await ids(other)).length, had + copied.nodes.length, "and paste brings it back");
  for (const [text, said] of [["just words", "not valid JSON"], ['{"a": 1}', "not copied from a stage"],
    ['{"faaslab_fragment": 1, "nodes": [{"id": "w", "zone": "z", "roles": ["worker"], "memroy_mb": 1}]}', "Did you mean memory_mb?"]]) {
    await other.evaluate((text) => navigator.clipboard.writeText(text), text);
    await other.keyboard.press("Control+v");
    await other.locator(".notice.bad", { hasText: said }).waitFor();
  }
  clean(page);
});

test("a zone is drawn, takes a node in, and is dragged with its nodes as one step", async () => {
  const page = await start();
  await page.getByRole("button", { name: "Zoom out" }).click();
  await page.getByRole("button", { name: "Zoom out" }).click();
  await place(page, "users");
  const stage = await page.locator(".stage-view").boundingBox();
  await page.getByRole("button", { name: "+ Zone" }).click();
  await page.mouse.click(stage.x + 90, stage.y + stage.height - 80);
  const zone = await place(page, "zone-1");
  await page.getByRole("button", { name: "+ Worker" }).click();
  await page.mouse.click(...middle(zone));
  await until(() => page.locator('[id="f-nodes.worker-4.zone"]').inputValue(), "zone-1");
  const before = await place(page, "worker-4");
  const area = await place(page, "zone-1");
  await drag(page, [area.x + area.width / 2, area.y + 5], [60, -40]);
  await until(() => selected(page), ["zone-1"]);
  await until(async () => { const now = await place(page, "worker-4"); return now.x > before.x + 40 && now.y < before.y - 20; }, true, "the node came along");
  await page.getByRole("button", { name: "Undo" }).click();
  await until(async () => {
    const now = await place(page, "worker-4");
    return Math.abs(now.x - before.x) < 1 && Math.abs(now.y - before.y) < 1;
  }, true, "it is one step");
  clean(page);
});

test("the ends of a link are changed in the inspector", async () => {
  const page = await start("#/gallery/three-edges");
  await page.locator(".topology .link").first().focus();
  await page.locator(".inspector h2", { hasText: "Link" }).waitFor();
  const [link] = await selected(page);
  const from = page.locator(`[id="f-links.${link}.from"]`);
  const zones = await from.locator("option").evaluateAll((all) => all.map((o) => o.value));
  assert.deepEqual(zones, await ids(page, "zone"));
  const to = page.locator(`[id="f-links.${link}.to"]`);
  const was = await to.inputValue();
  await from.selectOption(was);
  await page.locator(".field.wrong .problem", { hasText: "connects a thing with itself" }).waitFor();
  await to.selectOption(zones.find((z) => z !== was));
  await page.locator(".field.wrong").waitFor({ state: "detached" });
  clean(page);
});

test("latency and bandwidth of a link are edited, saved, and come back by undo", async () => {
  const page = await start();
  const first = await digest(page);
  const link = () => page.evaluate(() => {
    const saved = JSON.parse(localStorage.getItem("faaslab.scenario") ?? "{}").links?.find((l) => l.id === "uplink");
    return [saved?.latency_ms, saved?.bandwidth_mbps ?? null];
  });
  await page.getByRole("button", { name: "Outline" }).click();
  await page.locator('[id="line-uplink"]').click();
  await page.locator(".inspector h2", { hasText: "Link" }).waitFor();
  const latency = page.locator('[id="f-links.uplink.latency_ms"]');
  const bandwidth = page.locator('[id="f-links.uplink.bandwidth_mbps"]');
  assert.deepEqual([await latency.inputValue(), await bandwidth.inputValue()], ["12", ""]);
  await enter(page, "links.uplink.latency_ms", "90");
  const second = await digest(page, first);
  await enter(page, "links.uplink.bandwidth_mbps", "25");
  await until(link, [90, 25], "both are saved");
  await page.getByRole("button", { name: "Undo" }).click();
  await until(() => bandwidth.inputValue(), "", "without a limit again");
  assert.equal(await latency.inputValue(), "90");
  await page.getByRole("button", { name: "Undo" }).click();
  assert.equal(await digest(page, second), first);
  assert.equal(await latency.inputValue(), "12");
  await until(link, [12, null], "and so it is saved");
  clean(page);
});

test("a new place or another name starts no run, and another keep-alive does", async () => {
  const page = await fresh(lab, "worker.js"); // nothing runs yet
  // Counts the runs that the page asks the worker for: they are the first kind of message.
  await page.addInitScript(() => {
    window.runs = 0;
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (data, ...rest) {
      if (Array.isArray(data) && data[0] instanceof Uint8Array && data[0][0] === 0) window.runs += 1;
      return post.call(this, data, ...rest);
    };
  });
  page.faults.length = 0;
  await page.goto(lab.base);
  const first = await digest(page);
  await page.getByRole("button", { name: "Pause" }).click();
  const runs = () => page.evaluate(() => window.runs);
  const saved = () => page.evaluate(() => JSON.parse(localStorage.getItem("faaslab.scenario") ?? "{}"));
  assert.equal(await runs(), 1, "the opening run");
  const from = await place(page, "worker-1");
  await drag(page, middle(from), [0, 48]);
  await until(async () => (await place(page, "worker-1")).y > from.y + 20, true, "it moved");
  await enter(page, "nodes.worker-1.name", "Left");
  await until(() => node(page, "worker-1").getAttribute("aria-label"), (label) => label.startsWith("Left"), "it has its name");
  await page.locator(".topbar .title").fill("Another name");
  await page.keyboard.press("Enter");
  // What is saved is an edit that has been handled.
  await until(async () => [(await saved()).title, (await saved()).nodes?.[1].name], ["Another name", "Left"]);
  assert.equal(await runs(), 1, "no other");
  assert.equal(await page.locator(".run-line .digest").textContent(), first);
  await page.keyboard.press("Escape");
  await page.locator(".stage-view").click({ position: { x: 8, y: 8 } });
  await enter(page, "policies.keep_alive.ttl_s", "60");
  await digest(page, first);
  assert.equal(await runs(), 2, "this one did");
  clean(page);
});

test("a block of a thousand opens, and each machine can be looked at and made to differ", async () => {
  const page = await start("#/gallery/fat-cluster");
  const first = await digest(page);
  const block = (await page.locator(".topology .node").evaluateAll((all) => all.map((e) => [e.id.slice(6), e.getAttribute("aria-label")])))
    .find(([, label]) => label.includes(" × "))[0];
  await node(page, block).focus();
  await page.keyboard.press("Enter");
  await until(() => selected(page), [`${block}[0]`]);
  for (let i = 1; i <= 17; i++) {
    await page.keyboard.press("ArrowRight");
    await until(() => selected(page), [`${block}[${i}]`]);
  }
  await page.locator(".inspector h2", { hasText: `${block}[17]` }).waitFor();
  await until(() => page.evaluate(() => document.activeElement.id), `stage-${block}[17]`, "it has the focus");
  const machine = await place(page, `${block}[17]`);
  assert.ok(machine.width > 60, `it is ${machine.width} px wide`);
  await enter(page, `nodes.${block}[17].memory_mb`, "512");
  const second = await digest(page, first);
  await page.getByRole("button", { name: "Make it like the others" }).click();
  assert.equal(await digest(page, second), first);
  // By pointer: a second press in the block means the machine.
  await page.getByRole("button", { name: "The whole block" }).click();
  await until(() => selected(page), [block]);
  await page.mouse.click(machine.x - machine.width * 0.7, machine.y + machine.height / 2);
  await until(() => selected(page), [`${block}[16]`]);
  await page.keyboard.press("Escape");
  await until(() => selected(page), [block], "out of the block first");
  // And from the inspector.
  await page.getByRole("button", { name: "Fit" }).click();
  await page.getByRole("button", { name: "Open the block" }).click();
  await until(() => selected(page), [`${block}[0]`]);
  await until(async () => (await place(page, `${block}[0]`)).width > 60, true, "it is shown closely");
  clean(page);
});

test("the outline lists everything, and selects in both directions", async () => {
  const page = await start("#/gallery/fat-cluster");
  await page.getByRole("button", { name: "Outline" }).click();
  const tree = page.getByRole("tree");
  const lines = () => tree.getByRole("treeitem").evaluateAll((all) => all.map((e) => e.id.slice("line-".length)));
  const onStage = [...(await ids(page, "zone")), ...(await ids(page)), ...(await ids(page, "link"))];
  assert.deepEqual((await lines()).sort(), onStage.sort());
  await tree.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  const active = () => tree.evaluate((e) => document.getElementById(e.getAttribute("aria-activedescendant")).id.slice("line-".length));
  await until(async () => [await active()], await selected(page));
  // A worker says what it holds.
  const block = tree.locator('[aria-expanded="false"]');
  await until(() => block.textContent(), (text) => /in use/.test(text), "a worker says what it holds");
  await block.click();
  await page.keyboard.press("ArrowRight");
  await tree.getByRole("treeitem", { name: /^pool\[0\]/ }).waitFor();
  assert.ok((await lines()).length < 60, "a thousand machines are not a thousand elements");
  await page.keyboard.press("End");
  await until(async () => (await active()).length > 0 && (await selected(page)).length === 1, true);
  // And from the stage.
  const first = (await ids(page))[0];
  await node(page, first).focus();
  await until(() => tree.locator('[aria-selected="true"]').evaluateAll((all) => all.map((e) => e.id)), [`line-${first}`]);
  await tree.focus();
  await page.keyboard.press("Escape");
  assert.equal(await tree.count(), 0);
  clean(page);
});

test("the stage is one tab stop, and keys go from thing to thing", async () => {
  const page = await start();
  assert.equal(await page.locator('.topology [tabindex="0"]').count(), 1);
  await node(page, "users").focus();
  await page.keyboard.press("Control+ArrowRight");
  await until(async () => (await selected(page))[0] !== "users", true, "it went to the right");
  await page.keyboard.press("Home");
  const order = [];
  for (let i = 0; i < 20; i++) {
    const [here] = await selected(page);
    if (order.at(-1) === here) break;
    order.push(here);
    await page.keyboard.press("PageDown");
    await page.waitForTimeout(80);
  }
  const all = [...(await ids(page, "zone")), ...(await ids(page)), ...(await ids(page, "link"))];
  assert.deepEqual([...order].sort(), all.sort(), "everything is reached");
  assert.equal(await page.locator('.topology [tabindex="0"]').count(), 1);
  clean(page);
});

test("the stage zooms by buttons, keys and two fingers", async () => {
  const page = await fresh(lab, "", { hasTouch: true });
  await digest(page);
  // Not of the one that has the focus, whose frame is thicker.
  const wide = async () => (await place(page, "worker-2")).width;
  const one = await wide();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await until(wide, (now) => now > one * 1.2, "the button enlarges");
  await node(page, "worker-1").focus();
  await page.keyboard.press("+");
  await until(wide, (now) => now > one * 1.5, "and a key");
  await page.keyboard.press("-");
  await until(wide, (now) => now < one * 1.3, "another makes it smaller");
  await page.keyboard.press("0");
  await until(wide, (now) => Math.abs(now - one) < 1, "0 shows everything");
  const stage = await page.locator(".stage-view").boundingBox();
  const session = await page.context().newCDPSession(page);
  const fingers = (apart) => [-apart, apart].map((d, id) => ({ x: stage.x + stage.width / 2 + d, y: stage.y + 12, id }));
  const touch = (type, touchPoints) => session.send("Input.dispatchTouchEvent", { type, touchPoints });
  await touch("touchStart", fingers(40));
  for (const apart of [50, 65, 80]) await touch("touchMove", fingers(apart));
  await touch("touchEnd", []);
  await until(async () => (await wide()) > one * 1.6, true, "two fingers enlarge");
  clean(page);
});

test("what an edit moves glides there, and stands at once for who wants less motion", async () => {
  const watch = async (options) => {
    const page = await fresh(lab, "", options);
    await digest(page);
    await page.getByRole("button", { name: "Pause" }).click();
    const from = await place(page, "worker-1");
    await drag(page, middle(from), [0, 48]);
    await place(page, "worker-1");
    const seen = await page.evaluate(() => new Promise((resolve) => {
      const rect = document.querySelector('[id="stage-worker-1"] rect:not(.ring)');
      const places = new Set();
      const end = performance.now() + 400;
      const look = () => {
        places.add(rect.getAttribute("y"));
        if (performance.now() < end) requestAnimationFrame(look); else resolve(places.size);
      };
      [...document.querySelectorAll(".topbar button")].find((b) => b.textContent === "Undo").click();
      requestAnimationFrame(look);
    }));
    clean(page);
    await page.context().close();
    return seen;
  };
  assert.ok((await watch({})) > 3, "it is seen on its way");
  assert.ok((await watch({ reducedMotion: "reduce" })) <= 2);
});

test("on an empty stage a tool has the ground to itself, and says what it waits for", async () => {
  const page = await fresh(lab);
  await digest(page);
  await page.getByRole("button", { name: "Gallery" }).click();
  await page.getByRole("button", { name: "Start with an empty stage" }).click();
  await page.locator(".stage-empty").waitFor();
  await page.getByRole("button", { name: "+ Worker" }).click();
  await page.locator(".stage-caption", { hasText: "Click where the worker should stand" }).waitFor();
  await page.keyboard.press("Escape");
  const card = await page.locator(".templates .card").nth(1).boundingBox();
  await page.getByRole("button", { name: "+ Worker" }).click();
  await page.locator(".stage-empty").waitFor({ state: "detached" });
  await page.mouse.click(card.x + card.width / 2, card.y + card.height / 2);
  await page.locator(".topology .node").waitFor();
  assert.equal(await page.locator(".topology .node").count(), 1, "a worker, and no template");
  assert.equal(await page.locator(".stage-caption").count(), 0);
  assert.equal(await page.getByRole("button", { name: "Select", exact: true }).getAttribute("aria-pressed"), "true");
  clean(page);
});

test("a field says its range and what holds without a value while it has the focus", async () => {
  const page = await start();
  const field = page.locator('[id="f-policies.keep_alive.ttl_s"]');
  const hint = page.locator(".field", { has: field }).locator(".hint");
  assert.equal(await hint.isVisible(), false);
  await field.focus();
  assert.equal(await hint.isVisible(), true);
  assert.match(await hint.textContent(), /\d+ to [\d,]+.* Without a value: \d+ s\./);
  // It lies over others: what is pressed on it is not theirs, and Escape takes it away, until the focus comes again.
  const { x, y, width, height } = await hint.boundingBox();
  assert.equal(await page.evaluate(([x, y]) => document.elementFromPoint(x, y).closest(".hint") !== null, [x + width / 2, y + height - 3]), true);
  await page.keyboard.press("Escape");
  assert.equal(await hint.isVisible(), false);
  assert.equal(await field.evaluate((e) => e === document.activeElement), true);
  await page.locator('[id="f-policies.placement.kind"]').focus();
  await field.focus();
  assert.equal(await hint.isVisible(), true);
  // A number with its unit is a number.
  const before = await page.locator(".run-line .digest").textContent();
  await field.fill("60 s");
  await field.press("Enter");
  await digest(page, before);
  assert.equal(await field.inputValue(), "60");
  clean(page);
});

test("axe finds nothing in the outline, at a machine and at several things", async () => {
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  for (const options of [{ colorScheme: "light" }, { colorScheme: "dark", viewport: { width: 400, height: 800 } }]) {
    const page = await fresh(lab, "#/gallery/fat-cluster", { bypassCSP: true, ...options });
    await digest(page);
    await page.evaluate(axe);
    const look = async (what) => {
      const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      assert.deepEqual(found.violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).slice(0, 3).join(" | ")}`), []);
    };
    await node(page, "pool").focus();
    await page.keyboard.press("Enter");
    await until(() => selected(page), ["pool[0]"]);
    await look("machine");
    await page.keyboard.press("Control+a");
    await look("several");
    await page.getByRole("button", { name: "Outline" }).click();
    await page.getByRole("treeitem").first().waitFor();
    await look("outline");
    clean(page);
    await page.context().close();
  }
});

test("by keys alone: from an empty page three nodes and a link, a run, and a shared link", async () => {
  const page = await fresh(lab);
  await digest(page);
  /** Presses Tab until this has the focus. */
  const tabTo = async (name, exact = true) => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Tab");
      const is = await page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
      if (exact ? is === name : is.includes(name)) return;
    }
    assert.fail(`Tab never comes to ${name}`);
  };
  await tabTo("Gallery");
  await page.keyboard.press("Enter");
  await tabTo("Start with an empty stage");
  await page.keyboard.press("Enter");
  await page.locator(".stage-empty").waitFor();
  for (const [name, count] of [["+ Client", 1], ["+ Cloud controller", 2], ["+ Worker", 3]]) {
    await tabTo(name);
    await page.keyboard.press("Enter");
    await until(async () => (await ids(page)).length, count, name);
  }
  const boxes = await Promise.all((await ids(page)).map((id) => place(page, id)));
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y, "none covers another");
  }
  const first = await digest(page);
  await tabTo("+ Link", true);
  await page.keyboard.press("Enter");
  await tabTo("worker-1, worker", false);
  await page.keyboard.press("Enter");
  await page.keyboard.press("PageUp");
  await page.keyboard.press("PageUp");
  await until(() => selected(page), ["client-1"]);
  await page.keyboard.press("Enter");
  await page.locator(".inspector h2", { hasText: "Link" }).waitFor();
  assert.deepEqual(await ids(page, "link"), ["link-1"]);
  const second = await digest(page, first);
  await tabTo("Share");
  await page.keyboard.press("Enter");
  const link = await page.locator("dialog .link").inputValue();
  const other = await fresh(lab, link.slice(lab.base.length));
  assert.equal(await digest(other), second);
  assert.deepEqual(await ids(other), ["client-1", "cloud-1", "worker-1"]);
  clean(page);
  clean(other);
});

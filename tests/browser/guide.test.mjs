// The guide: every field of the inspector leads to its passage.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { clean, digest, fresh, open, pane, press, root } from "./support.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

/** Watches a tab that the page opens. */
function watch(tab) {
  tab.faults = [];
  tab.on("console", (m) => { if (m.type() === "error") tab.faults.push(m.text()); });
  tab.on("pageerror", (e) => tab.faults.push(e.message));
  return tab;
}

test("every field of every kind of thing leads to a passage that is there", async () => {
  const ids = new Set([...(await readFile(`${root}/dist/guide.html`, "utf8")).matchAll(/ id="([^"]+)"/g)].map((m) => m[1]));
  const page = await fresh(lab);
  const seen = new Set();
  const look = async (what) => {
    await page.locator(".inspector details").evaluateAll((all) => all.forEach((e) => { e.open = true; }));
    const fields = await page.locator(".inspector .field").evaluateAll((all) => all.map((e) => [
      e.querySelector("label").textContent, e.querySelector("a.more")?.getAttribute("href") ?? "", e.querySelector("a.more")?.textContent ?? ""]));
    assert.ok(fields.length > 0, what);
    for (const [label, href, text] of fields) {
      assert.equal(text, `More about ${label}`, `${what}: ${label}`);
      const [file, passage] = href.split("#");
      assert.equal(file, "guide.html", `${what}: ${label}`);
      assert.ok(ids.has(passage), `${what}: ${label} leads to ${href}`);
      seen.add(passage);
    }
  };
  // Between them they have every role, images, jobs, clients, several kinds of policies and a block.
  for (const name of ["three-edges", "far-registry", "work-for-all", "retry-storm", "stragglers", "tail-of-its-own", "no-answer", "by-the-clock", "fat-cluster"]) {
    await page.evaluate((name) => { location.hash = `#/gallery/${name}`; }, name);
    await page.waitForFunction((name) => location.hash === `#/gallery/${name}`, name);
    await digest(page);
    await page.locator(".toolbar").click({ position: { x: 2, y: 2 } });
    await page.keyboard.press("Escape");
    await look(`${name}, nothing selected`);
    for (const kind of ["node", "link", "zone"]) {
      const all = page.locator(`.topology .${kind}`);
      for (let i = 0; i < Math.min(await all.count(), 6); i++) {
        await all.nth(i).focus();
        await page.locator(".inspector h2", { hasText: new RegExp(`^${kind}`, "i") }).waitFor();
        await look(`${name}, ${kind} ${i}`);
      }
    }
  }
  await page.locator('[id="stage-pool"]').focus();
  await page.keyboard.press("Enter");
  await page.locator('[id="stage-pool[0]"].selected').waitFor();
  await look("a machine");
  for (const passage of ["nodes.cpu", "links.bandwidth_mbps", "zones.latency_ms", "images.size_mb", "functions.patience_s",
    "policies.memory_full", "run.seed", "policies.placement.least_loaded", "functions.execution.lognormal"]) {
    assert.ok(seen.has(passage), passage);
  }
  clean(page);
});

test("a link of a field opens the guide at its passage, in one tab, in the theme of the bench", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  await page.getByLabel("Theme").click();
  await page.getByRole("button", { name: "Dark" }).click();
  const field = page.locator('[id="f-policies.keep_alive.ttl_s"]');
  const more = page.locator(".field", { has: field }).locator("a.more");
  assert.equal(await more.isVisible(), false, "while the field has no focus");
  await field.focus();
  await page.keyboard.press("Tab");
  assert.equal(await more.evaluate((e) => e === document.activeElement), true, "the next stop of the keyboard");
  const [guide] = await Promise.all([page.context().waitForEvent("page"), page.keyboard.press("Enter")]);
  watch(guide);
  await guide.waitForLoadState();
  const passage = guide.locator('[id="policies.keep_alive.fixed_ttl.ttl_s"]');
  assert.equal(await passage.evaluate((e) => e.matches(":target")), true);
  const { y } = await passage.boundingBox();
  assert.ok(y >= 48 && y < 400, `in sight, below the head: ${y}`);
  assert.match(await passage.textContent(), /Keep alive for/);
  assert.equal(await guide.evaluate(() => document.documentElement.hasAttribute("data-dark")), true);
  // Another field uses the same tab, by the mouse too.
  await page.bringToFront();
  await page.locator('[id="f-frame.architecture.kind"]').focus();
  await page.locator(".choice", { has: page.locator('[id="f-frame.architecture.kind"]') }).locator("a.more").first().click();
  await guide.waitForFunction(() => location.hash === "#frame.architecture.centralized");
  assert.equal(page.context().pages().length, 2);
  // The theme follows.
  await page.bringToFront();
  await page.getByLabel("Theme").click();
  await page.getByRole("button", { name: "High contrast" }).click();
  await guide.waitForFunction(() => document.documentElement.dataset.theme === "contrast");
  assert.equal(await digest(page), first, "nothing of the bench was lost");
  assert.deepEqual(guide.faults, []);
  clean(page);
});

test("the help leads to the guide, and the guide to scenarios of the gallery", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  await page.keyboard.press("?");
  const [guide] = await Promise.all([page.context().waitForEvent("page"), page.getByRole("link", { name: "the guide" }).click()]);
  watch(guide);
  await guide.getByRole("heading", { name: "The guide", level: 1 }).waitFor();
  await guide.getByRole("navigation").getByRole("link", { name: "Keep-alive policies" }).click();
  assert.equal(await guide.locator('[id="policies.keep_alive"]').evaluate((e) => e.matches(":target")), true);
  const use = guide.locator('[id="policies.keep_alive.sieve"] a');
  await use.first().click();
  await guide.locator(".run-line .digest").waitFor();
  await digest(guide, first);
  assert.match(guide.url(), /#\/gallery\//);
  // That is a bench now, which a link of a field must not replace.
  await guide.locator('[id="f-frame.architecture.kind"]').focus();
  const more = guide.locator(".choice", { has: guide.locator('[id="f-frame.architecture.kind"]') }).locator("a.more").first();
  const [again] = await Promise.all([page.context().waitForEvent("page"), more.click()]);
  await again.waitForLoadState();
  assert.match(again.url(), /guide\.html#frame\.architecture/);
  assert.match(guide.url(), /#\/gallery\//);
  assert.deepEqual(guide.faults, []);
  clean(page);
});

for (const theme of ["light", "dark", "contrast"]) {
  for (const width of [1280, 320]) {
    test(`axe finds nothing in the guide, ${theme}, ${width} px wide`, async () => {
      const page = await fresh(lab, "guide.html", {
        colorScheme: theme === "dark" ? "dark" : "light", contrast: theme === "contrast" ? "more" : "no-preference",
        viewport: { width, height: 800 }, bypassCSP: true,
      });
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme);
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 120)).slice(0, 3).join(" | ")}`), []);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(sideways <= 0, `it scrolls sideways by ${sideways} px`);
      clean(page);
    });
  }
}

test("a phone reaches the guide by touch", async () => {
  const page = await fresh(lab, "", { viewport: { width: 400, height: 800 }, hasTouch: true, isMobile: true });
  await digest(page);
  await pane(page, "Settings");
  await page.locator('[id="f-policies.keep_alive.ttl_s"]').tap();
  const more = page.locator(".field", { has: page.locator('[id="f-policies.keep_alive.ttl_s"]') }).locator("a.more");
  const [guide] = await Promise.all([page.context().waitForEvent("page"), more.tap()]);
  await guide.waitForLoadState();
  assert.match(guide.url(), /guide\.html#policies\.keep_alive\.fixed_ttl\.ttl_s$/);
  await press(page, "Help");
  await page.getByRole("link", { name: "the guide" }).waitFor();
  clean(page);
});

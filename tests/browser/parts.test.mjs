// The program comes in parts (dev-tools/split): what is there before the later ones are, and what if one cannot be had.
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { clean, figures, fresh, open, root } from "./support.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

/** A fresh page whose second part comes when it is let go. */
async function slow() {
  const page = await fresh(lab, "worker.js");
  let letGo;
  const gone = new Promise((resolve) => { letGo = resolve; });
  await page.route("**/*_show.wasm", async (route) => {
    await gone;
    await route.continue();
  });
  await page.goto(lab.base);
  return { page, letGo };
}

test("while what shows a run is on its way the figures are there, and a press or a key breaks nothing", async () => {
  const { page, letGo } = await slow();
  await figures(page);
  const busy = page.locator(".stage-area[aria-busy=true]");
  await busy.waitFor();
  assert.match(await page.locator(".figures").innerText(), /P99 slowdown/);
  assert.equal(await page.locator(".inspector > *").count(), 0);
  // What the page does meanwhile is a part of what is there.
  await page.mouse.move(300, 300);
  await page.mouse.click(300, 400);
  await page.keyboard.press("Tab");
  await page.setViewportSize({ width: 1100, height: 760 });
  assert.equal(await busy.count(), 1);
  letGo();
  await page.locator(".stage-area[aria-busy=false] svg").first().waitFor();
  await page.locator(".inspector .panel").first().waitFor();
  await page.locator(".charts canvas").first().waitFor();
  clean(page);
});

test("where a part cannot be had the page says so, and what to do", async (t) => {
  // A page that was not copied as a whole.
  const folder = "target/without-a-part";
  cpSync(join(root, "dist"), join(root, folder), { recursive: true, filter: (name) => !name.endsWith("_show.wasm") });
  t.after(() => rmSync(join(root, folder), { recursive: true }));
  const broken = await open(undefined, folder);
  t.after(() => broken.close());
  const page = await fresh(broken, "worker.js");
  await page.goto(broken.base);
  await figures(page);
  await page.locator("#crash:not([hidden])").waitFor();
  assert.match(await page.locator("#crash").innerText(), /A part of the program could not be fetched \(status 404\): reload when/);
});

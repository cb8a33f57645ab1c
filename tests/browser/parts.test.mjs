// The program comes in parts (dev-tools/split): what is there before the later ones are, and what if one cannot be had.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clean, figures, fresh, open } from "./support.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

/** A fresh page whose second part comes when it is let go, or not at all. */
async function slow(answer) {
  const page = await fresh(lab, "worker.js");
  let letGo;
  const gone = new Promise((resolve) => { letGo = resolve; });
  await page.route("**/*_show.wasm", async (route) => {
    await gone;
    await answer(route);
  });
  await page.goto(lab.base);
  return { page, letGo };
}

test("while what shows a run is on its way the figures are there, and a press or a key breaks nothing", async () => {
  const { page, letGo } = await slow((route) => route.continue());
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

test("where a part cannot be had the page says so, and what to do", async () => {
  const { page, letGo } = await slow((route) => route.fulfill({ status: 503, body: "" }));
  await figures(page);
  letGo();
  await page.locator("#crash:not([hidden])").waitFor();
  assert.match(await page.locator("#crash").innerText(), /A part of the program could not be fetched \(status 503\): reload when/);
});

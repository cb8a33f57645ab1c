// Images: added in the inspector, seen on the stage, counted in the results; and what one invocation went through.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { canvas, clean, digest, fresh, open } from "./support.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

const fold = (page, name) => page.locator("summary", { hasText: name }).first().click();

test("an image is added, chosen at a function, fetched, and taken away again", async () => {
  const page = await fresh(lab);
  const first = await digest(page);
  assert.equal(await page.locator('[id="f-network.sharing"]').count(), 0, "what means nothing is not there");
  await fold(page, "Images (0)");
  await page.getByRole("button", { name: "+ Image", exact: true }).click();
  await fold(page, "Functions (3)");
  await fold(page, "resize");
  await page.locator('[id="f-functions.resize.image"]').selectOption("image-1");
  const second = await digest(page, first);
  await page.getByRole("tab", { name: "Hosts" }).click();
  assert.match(await page.locator(".tell").textContent(), /^Images: 0 downloads \(0 GB\), \d+ cop(y|ies) .* \d+ loads? .*removed to make room\.$/);
  await page.getByRole("tab", { name: "Containers" }).click();
  await page.locator('[id="f-functions.resize.image"]').selectOption("");
  assert.equal(await digest(page, second), first, "without a use it changes nothing");
  await page.getByRole("button", { name: "Delete this image" }).click({ force: true, timeout: 1000 }).catch(async () => {
    await fold(page, "image-1");
    await page.getByRole("button", { name: "Delete this image" }).click();
  });
  await page.locator("summary", { hasText: "Images (0)" }).waitFor();
  clean(page);
});

test("a head store and a registry are added from the toolbar, named for who cannot see them", async () => {
  const page = await fresh(lab);
  await digest(page);
  const stage = await page.locator(".stage-view").boundingBox();
  for (const [name, x] of [["+ Head store", 90], ["+ Image registry", 190]]) {
    await page.getByRole("button", { name }).click();
    await page.mouse.click(stage.x + x, stage.y + 60);
  }
  await page.getByRole("button", { name: /^registry-1, image registry, in zone / }).waitFor();
  assert.equal(await page.getByRole("button", { name: /^store-1, head store, in zone / }).count(), 1);
  clean(page);
});

test("images on their way move on the stage", async () => {
  const page = await fresh(lab, "#/gallery/far-registry");
  await digest(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.waitForTimeout(300);
  const at = async (share) => {
    await page.getByRole("slider", { name: "Playhead" }).evaluate((input, share) => {
      input.value = String(Number(input.max) * share);
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }, share);
    await page.waitForTimeout(400);
    return canvas(page);
  };
  assert.notEqual(await at(0.02), await at(0.06), "the first images come in the first half minute");
  clean(page);
});

test("an invocation says which states it went through, and when", async () => {
  const page = await fresh(lab, "#/gallery/far-registry");
  await digest(page);
  await page.getByRole("tab", { name: "Invocations" }).click();
  await page.locator(".grid .rows > [role=row]").first().click();
  const words = page.locator(".story li b");
  await words.first().waitFor();
  assert.deepEqual(await words.allTextContents(),
    ["submitted", "placing", "admitted", "schedulable", "dispatched", "starting", "running", "returning", "completed"]);
  await page.getByRole("button", { name: "All invocations" }).click();
  await page.locator("#from-playhead").click();
  await page.locator(".chip", { hasText: "Submitted from" }).waitFor();
  assert.ok(await page.locator(".grid .rows > [role=row]").count() > 4);
  clean(page);
});

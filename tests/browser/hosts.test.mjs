// Hosts over time: what each says of itself, drawn in the Hosts tab.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clean, digest, fresh, open } from "./support.mjs";

let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

test("hosts over time: lines of the most loaded and the median, in four figures, under the pointer and in a table", async () => {
  const page = await fresh(lab, "#/gallery/fat-cluster");
  await digest(page);
  await page.getByRole("tab", { name: "Hosts" }).click();
  const choice = page.locator("#hosts-figure");
  await page.locator(".table td", { hasText: "pool[0]" }).first().waitFor();
  for (const [figure, id] of [["load average", "host-load"], ["completed per second", "host-rate"],
    ["mean execution time", "host-execution"], ["mean response time", "host-response"]]) {
    await choice.selectOption(`${figure} over time`);
    const chart = page.locator(`.chart[data-chart="${id}"]`);
    assert.match(await chart.locator("canvas").getAttribute("aria-label"), new RegExp(`${figure}, the 5 most loaded of \\d+ hosts: `));
    await chart.locator(".chart-plot").hover();
    assert.match(await chart.locator(".chart-readout").textContent(), /median/);
    assert.equal(await chart.locator(".chart-title").evaluate((e) => e.scrollWidth > e.clientWidth), false, `${figure}: cut off`);
  }
  await page.getByRole("button", { name: "Table" }).click();
  assert.deepEqual((await page.locator(".chart-table th[scope=col]").allTextContents()).slice(0, 2), ["time", "median"]);
  assert.equal(await page.locator(".chart-table th[scope=col]").count(), 7);
  clean(page);
});

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
  const choice = page.getByRole("combobox", { name: "Over time" });
  let chart;
  for (const [figure, id] of [["load average", "host-load"], ["completed per second", "host-rate"],
    ["mean execution time", "host-execution"], ["mean response time", "host-response"]]) {
    await choice.selectOption(figure);
    chart = page.locator(`.chart[data-chart="${id}"]`);
    await chart.locator("canvas").waitFor();
    await chart.locator(".chart-plot").hover();
    await chart.locator(".chart-readout", { hasText: "median" }).waitFor();
    assert.match(await chart.innerHTML(), new RegExp(`${figure}, the 5 most loaded of \\d+ hosts: `));
  }
  await chart.getByRole("button", { name: "Table" }).click();
  assert.deepEqual((await chart.locator(".chart-table th[scope=col]").allTextContents()).slice(0, 2), ["time", "median"]);
  assert.equal(await chart.locator(".chart-table th[scope=col]").count(), 7);
  clean(page);
});

// What the page looks like to programs that judge: accessibility on every screen in both themes, and no scrolling sideways.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { clean, digest, fresh, open, pane } from "./support.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let lab;
before(async () => { lab = await open(); });
after(() => lab.close());

/** A file over the page. */
const drag = (page) => page.evaluate(() => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["{}"], "a.json"));
  document.body.dispatchEvent(new DragEvent("dragover", { dataTransfer, bubbles: true, cancelable: true }));
});

const screens = {
  bench: async () => {},
  node: async (page) => {
    await page.locator(".topology .node").nth(1).focus();
    await pane(page, "Settings");
  },
  containers: async (page) => {
    await pane(page, "Results");
    await page.getByRole("tab", { name: "Containers" }).click();
  },
  chart: async (page) => page.locator(".chart summary").first().click(),
  hosts: async (page) => page.getByRole("tab", { name: "Hosts" }).click(),
  file: async (page) => drag(page),
  gallery: async (page) => page.getByRole("button", { name: "Gallery" }).click(),
  share: async (page) => page.getByRole("button", { name: "Share" }).click(),
  help: async (page) => page.getByRole("button", { name: "Help" }).click(),
  empty: async (page) => {
    await pane(page, "Stage");
    await page.getByRole("button", { name: "Gallery" }).click();
    await page.getByRole("button", { name: "Start with an empty stage" }).click();
    await page.locator(".stage-empty").waitFor();
  },
};

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 400]) {
    test(`axe finds nothing, ${colorScheme}, ${width} px wide`, async () => {
      const page = await fresh(lab, "", { colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
      await digest(page);
      for (const [name, go] of Object.entries(screens)) {
        await go(page);
        await page.waitForTimeout(100);
        await page.evaluate(axe);
        const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        const violations = found.violations.map((v) => `${name}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 120)).slice(0, 3).join(" | ")}`);
        assert.deepEqual(violations, []);
        await page.keyboard.press("Escape");
      }
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(sideways <= 0, `the page scrolls sideways by ${sideways} px`);
      clean(page);
    });
  }
}

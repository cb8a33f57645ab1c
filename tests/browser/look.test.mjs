// What the page looks like to programs that judge: accessibility on every screen in every theme, and no scrolling sideways.
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

const tabs = ["Latency", "Where time goes", "Containers", "Hosts", "Functions", "Invocations", "Schedulers"];
const trace = { name: "own.csv", mimeType: "text/csv", buffer: Buffer.from(
  "function,mem_mb,warm_ms,cold_ms,arrival_ms\n" + Array.from({ length: 300 }, (_, i) => `f${i % 3},128,${i === 7 ? "x" : 20},400,${i * 10}`).join("\n") + "\n") };

const screens = {
  bench: async () => {},
  node: async (page) => {
    await page.locator(".topology .node").nth(1).focus();
    await pane(page, "Settings");
  },
  link: async (page) => {
    await pane(page, "Stage");
    await page.locator(".topology .link").first().focus();
    await pane(page, "Settings");
  },
  zone: async (page) => {
    await pane(page, "Stage");
    await page.locator(".topology .zone").first().focus();
    await pane(page, "Settings");
  },
  inspector: async (page) => {
    await pane(page, "Stage");
    await page.locator(".topology .zone").first().focus();
    await page.keyboard.press("Escape");
    await pane(page, "Settings");
    await page.locator(".inspector details").evaluateAll((all) => all.forEach((e) => { e.open = true; }));
  },
  ...Object.fromEntries(tabs.map((tab) => [tab, async (page) => {
    await pane(page, "Results");
    await page.getByRole("tab", { name: tab }).click();
  }])),
  invocation: async (page) => {
    await page.getByRole("tab", { name: "Invocations" }).click();
    await page.locator(".grid .rows > [role=row]").first().click();
    await page.getByRole("article").waitFor();
  },
  chart: async (page) => {
    await page.getByRole("tab", { name: "Latency" }).click();
    await page.locator(".chart summary").first().click();
  },
  table: async (page) => {
    await page.locator(".chart-tools button").first().click({ force: true });
    await page.locator(".chart-table").waitFor();
  },
  file: async (page) => drag(page),
  gallery: async (page) => page.getByRole("button", { name: "Gallery" }).click(),
  share: async (page) => {
    await page.getByRole("button", { name: "Share" }).click();
    await page.locator("dialog summary").click();
  },
  help: async (page) => page.getByRole("button", { name: "Help" }).click(),
  notices: async (page) => {
    await page.evaluate(() => { location.hash = "#/gallery/two-choices?colour=red"; });
    await page.locator(".notice").waitFor();
    await page.evaluate(() => { location.hash = "#/foo"; });
    await page.locator(".notice.bad").waitFor();
  },
  trace: async (page) => {
    await page.locator(".notice button").evaluateAll((all) => all.forEach((e) => e.click()));
    await page.locator(".topbar input[type=file]").setInputFiles(trace);
    await page.locator("dialog .facts").waitFor();
  },
  empty: async (page) => {
    await pane(page, "Stage");
    await page.getByRole("button", { name: "Gallery" }).click();
    await page.getByRole("button", { name: "Start with an empty stage" }).click();
    await page.locator(".stage-empty").waitFor();
  },
  frame: async (page) => {
    await page.evaluate(() => { location.hash = "#/gallery/herd?embed=stage,figures,cdf,starts"; });
    await page.locator(".embed .chart").first().waitFor();
  },
  crash: async (page) => {
    await page.evaluate(() => window.dispatchEvent(new CustomEvent("faaslab-crash-page")));
    await page.getByRole("heading", { name: "The page has stopped" }).waitFor();
    page.faults.length = 0;
  },
};

for (const theme of ["light", "dark", "contrast", "contrast, dark"]) {
  for (const width of [1280, 320]) {
    test(`axe finds nothing, ${theme}, ${width} px wide`, async () => {
      const page = await fresh(lab, "", {
        colorScheme: theme.endsWith("dark") ? "dark" : "light", contrast: theme.startsWith("contrast") ? "more" : "no-preference",
        viewport: { width, height: 800 }, bypassCSP: true,
      });
      await digest(page);
      await page.evaluate(axe);
      const violations = [];
      for (const [name, go] of Object.entries(screens)) {
        await go(page);
        await page.waitForTimeout(100);
        const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        violations.push(...found.violations.map((v) => `${name}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3).join(" | ")}`));
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (sideways > 0) violations.push(`${name}: the page scrolls sideways by ${sideways} px`);
        await page.keyboard.press("Escape");
      }
      assert.deepEqual(violations, []);
      clean(page);
    });
  }
}

test("on the screen of an older projector nothing of the transport is cut off", async () => {
  const page = await fresh(lab, "", { viewport: { width: 1024, height: 768 } });
  await digest(page);
  const beyond = await page.locator(".transport").evaluate((bar) => {
    const edge = bar.getBoundingClientRect().right;
    return [...bar.children].filter((e) => e.getBoundingClientRect().right > edge).map((e) => e.className || e.textContent);
  });
  assert.deepEqual(beyond, []);
  const small = await page.locator(".transport button:visible").evaluateAll((all) => all.filter((e) => e.clientWidth < 24).map((e) => e.outerHTML));
  assert.deepEqual(small, [], "buttons keep their size");
  clean(page);
});

// What the browser tests share: a browser, a page that is watched, and the built page behind a dumb server at a sub-path.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const traces = join(root, "../shared/traces");
export const hasTraces = existsSync(traces);

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => existsSync(p));

/** Arguments with which the browser has WebGL without a graphics processor. */
export const softwareGl = ["--enable-unsafe-swiftshader", "--use-gl=angle", "--use-angle=swiftshader", "--ignore-gpu-blocklist"];

/** Starts the server below /some/lab/ and a browser, with more arguments if there are any. */
export async function open(more = ["--disable-gpu"], folder = "dist") {
  const server = await serve(join(root, folder), 0, "/some/lab/");
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", ...more, "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
  const base = `http://127.0.0.1:${server.address().port}/some/lab/`;
  return { base, browser, close: async () => { await browser.close(); server.close(); } };
}

// A page goes with its test: one that is left open plays on, and takes time from the next.
const contexts = new Set();
if (process.env.NODE_TEST_CONTEXT) {
  afterEach(async () => {
    for (const context of contexts) await context.close().catch(() => {});
    contexts.clear();
  });
}

/** A page in a fresh profile that notes every console error and every request to another origin. It is closed after the test, unless it
 * is to be kept. */
export async function fresh(lab, address = "", { kept = false, ...options } = {}) {
  const context = await lab.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  if (!kept) contexts.add(context);
  const page = await context.newPage();
  page.faults = [];
  page.on("console", (m) => { if (m.type() === "error") page.faults.push(`console: ${m.text()} (${m.location().url})`); });
  page.on("pageerror", (e) => page.faults.push(`error: ${e.message}`));
  page.on("requestfailed", (r) => {
    // A later part of the program is on its way when a test leaves the page.
    const left = /_(show|rest)\.wasm$/.test(r.url()) && r.failure()?.errorText === "net::ERR_ABORTED";
    if (!left) page.faults.push(`request failed: ${r.url()}`);
  });
  page.on("request", (r) => {
    const url = r.url();
    if (!url.startsWith(lab.base) && !url.startsWith("blob:") && !url.startsWith("data:")) page.faults.push(`foreign request: ${url}`);
  });
  await page.goto(lab.base + address);
  return page;
}

/** Nothing went wrong on the page so far. */
export function clean(page) {
  assert.deepEqual(page.faults, []);
}

/** The digest that the page shows, once it shows one that is not `but`, and its stage is there. */
export async function digest(page, but = "", timeout = 30_000) {
  const shown = await figures(page, but, timeout);
  await page.waitForFunction(() => !document.querySelector('.stage-area[aria-busy="true"]'), undefined, { timeout });
  return shown;
}

/** The digest that the page shows with its figures, once it shows one that is not `but`. */
export async function figures(page, but = "", timeout = 30_000) {
  const shown = page.locator(".run-line .digest");
  await page.waitForFunction(
    (but) => {
      const text = document.querySelector(".run-line .digest")?.textContent ?? "";
      const busy = document.querySelector(".figures")?.getAttribute("aria-busy");
      return text !== "" && text !== but && busy === "false";
    },
    but, { timeout });
  return shown.textContent();
}

/** Types into a field of the inspector by its path. */
export async function enter(page, path, value) {
  const field = page.locator(`[id="f-${path}"]`);
  await field.fill(value);
  await field.press("Enter");
}

/** Shows a part of the page, where the screen is too narrow for all of them. */
export async function pane(page, name) {
  const button = page.locator(".panes button", { hasText: name });
  if (await button.isVisible()) await button.click();
}

/** Presses a button of the top bar, which a phone has in a menu. */
export async function press(page, name) {
  const menu = page.locator(".topbar .actions > summary");
  if (await menu.isVisible()) await menu.click();
  await page.getByRole("button", { name }).click();
}

/** A picture of the stage's canvas, to see whether it changes. */
export const canvas = (page) => page.locator(".stage-view.own > canvas").first().evaluate((c) => c.toDataURL());

/** The checksum that ends a link's payload: CRC-32, least byte first. */
export function checksum(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const sum = Buffer.alloc(4);
  sum.writeInt32LE(~crc);
  return sum;
}

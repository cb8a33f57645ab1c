// How the tests of budgets and the benchmark measure the page.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { figures, root } from "./support.mjs";

/** Notes when the first run is shown: what the page asks for after that is no part of a first visit. */
const noteFirstRun = () => {
  const look = () => {
    if (!document.querySelector(".run-line .digest")?.textContent) return;
    if (document.querySelector(".figures")?.getAttribute("aria-busy") !== "false") return;
    performance.mark("first run");
    watcher.disconnect();
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
};

/** Opens the page in a fresh profile. Answers it, with what it fetched until its first run and how soon it showed what;
 * and what it fetched later, and what anything waited for meanwhile. */
export async function firstVisit(lab) {
  const context = await lab.browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (e) => page.faults.push(`error: ${e.message}`));
  await context.addInitScript(noteFirstRun);
  const fetched = new Set();
  page.on("request", (r) => fetched.add(r.url().split(/[?#]/)[0]));
  await page.goto(lab.base);
  await figures(page);
  const firstFigure = await page.evaluate(() => performance.getEntriesByName("first run")[0].startTime);
  const shell = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN);
  // A request is noted when it is answered: the last part of the program comes last.
  await page.waitForFunction(() => performance.getEntriesByType("resource").some((e) => e.name.endsWith("_rest.wasm")));
  const [marked, ...inWorkers] = await Promise.all([page, ...page.workers()].map((place) => place.evaluate(() => ({
    shown: performance.getEntriesByName("first run")[0]?.startTime,
    requests: performance.getEntriesByType("resource").map((e) => ({ url: e.name, at: e.startTime, by: e.initiatorType })),
  }))));
  const later = marked.requests.filter((r) => r.at > marked.shown).map((r) => r.url);
  const waited = [marked, ...inWorkers].flatMap((m) => m.requests).filter((r) => r.by === "xmlhttprequest").map((r) => r.url);
  const files = [...fetched].filter((url) => url.startsWith(lab.base) && !later.includes(url)).map((url) => {
    const path = url.slice(lab.base.length) || "index.html";
    return { path, packed: gzipSync(readFileSync(join(root, "dist", path)), { level: 9 }).length };
  });
  files.sort((a, b) => b.packed - a.packed);
  return { page, files, later, waited, total: files.reduce((sum, file) => sum + file.packed, 0), shell, firstFigure };
}

/** Begins to note what each task costs on the main thread of a page, in processor time: what other programs take meanwhile is not
 * counted. Answers a function that ends it and answers the costs, in ms, the highest first. */
export async function watchTasks(page) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel", "blink.user_timing"] } });
  await page.evaluate(() => performance.mark("watched"));
  return async () => {
    const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
    await session.send("Tracing.end");
    await complete;
    const { pid, tid } = events.find((e) => e.name === "watched");
    // One that goes on when the watch ends has no time yet.
    const ended = (e) => e.name === "ThreadControllerImpl::RunTask" && e.tdur !== undefined;
    const tasks = events.filter((e) => e.pid === pid && e.tid === tid && ended(e));
    return tasks.map((e) => e.tdur / 1e3).sort((a, b) => b - a);
  };
}

/** Notes, before the page runs, when the worker says something, when a chart was last drawn on, and how long each frame's callbacks
 * take. */
export const instrument = (context) => context.addInitScript(() => {
  window.heard = [];
  window.frames = [];
  window.charted = 0;
  for (const name of ["fill", "fillText", "stroke"]) {
    const draw = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...args) {
      if (this.canvas.closest(".chart")) window.charted = performance.now();
      return draw.apply(this, args);
    };
  }
  const { Worker: Plain, requestAnimationFrame: plain } = window;
  window.Worker = class extends Plain {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", () => window.heard.push(performance.now()));
    }
  };
  let frame = 0;
  let spent = 0;
  window.requestAnimationFrame = (callback) => plain((now) => {
    if (now !== frame) {
      if (frame) window.frames.push(spent);
      [frame, spent] = [now, 0];
    }
    const begin = performance.now();
    callback(now);
    spent += performance.now() - begin;
  });
});

// The tool that divides the page's program (dev-tools/split), on a program of a few functions: both parts run, in Node.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "./support.mjs";

const folder = mkdtempSync(join(tmpdir(), "faaslab-split-"));
after(() => rmSync(folder, { recursive: true }));

const program = `(module
  (import "./tiny_bg.js" "add" (func $add (param i32 i32) (result i32)))
  (import "./tiny_bg.js" "only_rest" (func $only_rest (param i32) (result i32)))
  (memory (export "memory") 1)
  (table 2 2 funcref)
  (elem (i32.const 0) $kept $indirect)
  (global $count (mut i32) (i32.const 0))
  (data (i32.const 16) "\\2a")
  (func $kept (export "kept") (param i32) (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (call $add (local.get 0) (i32.load8_u (i32.const 16))))
  (func $direct (param i32) (result i32)
    (call $only_rest (call $kept (i32.mul (local.get 0) (i32.mul (local.get 0) (i32.mul (local.get 0) (i32.const 1000000)))))))
  (func $indirect (param i32) (result i32)
    (i32.sub (call $direct (i32.add (local.get 0) (i32.mul (local.get 0) (i32.const 70000)))) (i32.const 3)))
  (func (export "call_direct") (param i32) (result i32) (call $direct (local.get 0)))
  (func (export "call_slot") (param i32 i32) (result i32)
    (call_indirect (param i32) (result i32) (local.get 1) (local.get 0)))
  (func (export "count") (result i32) (global.get $count))
  (func $nothing))`;

// As the script that wasm-bindgen writes, where the tool looks.
const script = `function __wbg_get_imports() {
  const import0 = {
    // This stands in the script that the tool gets.
    add: function(a, b) { return a + b; },
    only_rest: function(a) { return a ^ 0x55; },
  };
  return { "./tiny_bg.js": import0 };
}
let wasm;
export function initSync(bytes) {
    const imports = __wbg_get_imports();
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
    wasm = instance.exports;
    return wasm;
}
async function init() {
    const imports = __wbg_get_imports();
}
export const unused = init;
`;

writeFileSync(join(folder, "tiny.wat"), program);
execFileSync("wasm-as", ["-g", join(folder, "tiny.wat"), "-o", join(folder, "tiny-0123_bg.wasm")]);
const whole = readFileSync(join(folder, "tiny-0123_bg.wasm"));
writeFileSync(join(folder, "tiny-0123.js"), script);
writeFileSync(join(folder, "index.html"), "<script>tiny-0123.js</script>");
writeFileSync(join(folder, "list.txt"), "kept\nnothing\n");
const cargo = ["run", "-q", "--release", "-p", "faaslab-split", "--", join(folder, "list.txt")];
execFileSync("cargo", cargo, { cwd: root, env: { ...process.env, TRUNK_STAGING_DIR: folder } });
const files = readdirSync(folder);
const named = (ending) => files.find((name) => name.endsWith(ending));

/** A fresh first part, as a page has it, with a server that answers so. */
async function visit(answer) {
  const asked = [];
  globalThis.XMLHttpRequest = class {
    open(method, url, later) { asked.push([method, url.pathname.split("/").pop(), later]); }
    overrideMimeType() {}
    send() { [this.status, this.responseText] = answer(); }
  };
  globalThis.fetch = async (url) => {
    asked.push(["fetch", url.pathname.split("/").pop()]);
    const [status] = answer();
    return { ok: status === 200, arrayBuffer: async () => readFileSync(join(folder, named("_rest.wasm"))) };
  };
  const { initSync } = await import(`${pathToFileURL(join(folder, named(".js")))}?${Math.random()}`);
  return { wasm: initSync(readFileSync(join(folder, named("_bg.wasm")))), asked };
}
// As a text of the character set x-user-defined, whose upper half lies elsewhere.
const text = () => [...readFileSync(join(folder, named("_rest.wasm")))].map((b) => String.fromCharCode(b < 128 ? b : 0xf700 + b)).join("");
const good = () => [200, text()];

/** What the undivided program answers. */
const { exports: undivided } = new WebAssembly.Instance(new WebAssembly.Module(whole), {
  "./tiny_bg.js": { add: (a, b) => a + b, only_rest: (a) => a ^ 0x55 },
});

test("script and parts have one new name, which the page knows", () => {
  const stem = named("_rest.wasm").replace("_rest.wasm", "");
  assert.notEqual(stem, "tiny-0123");
  assert.ok(named("_bg.wasm").startsWith(stem) && named(".js") === `${stem}.js`, files.join());
  assert.ok(readFileSync(join(folder, "index.html"), "utf8").includes(`${stem}.js`));
});

test("what the list names runs without the rest", async () => {
  const { wasm, asked } = await visit(good);
  assert.equal(wasm.kept(5), undivided.kept(5));
  assert.equal(wasm.call_slot(0, 6), undivided.call_slot(0, 6));
  assert.deepEqual(asked, []);
});

test("a call of what it does not name fetches the rest at once, and once, and both parts share their state", async () => {
  for (const first of ["call_direct", "call_slot"]) {
    const { wasm, asked } = await visit(good);
    const before = undivided.count();
    const [direct, slot] = [undivided.call_direct(7), undivided.call_slot(1, 7)];
    if (first === "call_slot") assert.equal(wasm.call_slot(1, 7), slot);
    assert.equal(wasm.call_direct(7), direct);
    if (first === "call_direct") assert.equal(wasm.call_slot(1, 7), slot);
    assert.equal(wasm.count(), undivided.count() - before);
    assert.deepEqual(asked, [["GET", named("_rest.wasm"), false]]);
  }
});

test("the rest that was fetched in time, or given by another, is not fetched again", async () => {
  const { wasm, asked } = await visit(good);
  const rest = await globalThis.faaslabRest.fetch();
  assert.ok(rest instanceof WebAssembly.Module);
  assert.equal(wasm.call_direct(7), undivided.call_direct(7));
  assert.deepEqual(asked, [["fetch", named("_rest.wasm")]]);
  const other = await visit(good);
  globalThis.faaslabRest.take(rest);
  assert.equal(other.wasm.call_direct(7), undivided.call_direct(7));
  assert.deepEqual(other.asked, []);
});

test("a rest that cannot be fetched is told in words where it is needed, and nowhere else", async () => {
  const { wasm } = await visit(() => [404, "not found"]);
  assert.equal(await globalThis.faaslabRest.fetch(), undefined);
  const told = [];
  globalThis.faaslabStopped = (why) => told.push(why);
  assert.throws(() => wasm.call_direct(7), /part of the program could not be fetched \(status 404\)/);
  assert.equal(told.length, 1);
  assert.match(told[0], /reload when the network and the server are there again/);
});

test("a program that the tool does not understand is refused", () => {
  const run = () => execFileSync("cargo", cargo, { cwd: root, env: { ...process.env, TRUNK_STAGING_DIR: tmpdir() }, stdio: "pipe" });
  assert.throws(run, /programs, not one/);
});

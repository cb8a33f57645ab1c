// The tool that divides the page's program (dev-tools/split), on small programs: their parts run, in Node.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { functionsOf, linesOf } from "./opening.mjs";
import { open, root } from "./support.mjs";

const folders = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

// As the script that wasm-bindgen writes, where the tool looks.
const script = `function __wbg_get_imports() {
  const import0 = {
    // This stands in the script that the tool gets.
    add: function(a, b) { return a + b; },
    only_rest: function(a) { return a ^ 0x55; },
  };
  return { "./tiny_bg.js": import0 };
}
let wasmModule, wasm;
export function initSync(bytes) {
    const imports = __wbg_get_imports();
    wasmModule = new WebAssembly.Module(bytes);
    const instance = new WebAssembly.Instance(wasmModule, imports);
    wasm = instance.exports;
    return wasm;
}
async function init() {
    const imports = __wbg_get_imports();
}
export const unused = init;
`;

function cargo(folder, list, env) {
  const args = ["run", "-q", "--release", "-p", "faaslab-split", "--", list];
  execFileSync("cargo", args, { cwd: root, env: { ...process.env, TRUNK_STAGING_DIR: folder, ...env }, stdio: "pipe" });
}

/** A page with a program, divided by a list or, without one, marked. */
function build(program, list) {
  const folder = mkdtempSync(join(tmpdir(), "faaslab-split-"));
  folders.push(folder);
  writeFileSync(join(folder, "tiny.wat"), program);
  execFileSync("wasm-as", ["-g", "--enable-multivalue", join(folder, "tiny.wat"), "-o", join(folder, "tiny-0123_bg.wasm")]);
  const whole = new WebAssembly.Module(readFileSync(join(folder, "tiny-0123_bg.wasm")));
  writeFileSync(join(folder, "tiny-0123.js"), script);
  const styles = ["a", "b"].map((name) => `<link rel="stylesheet" href="./${name}-45.css" data-integrity="none"/>`);
  writeFileSync(join(folder, "index.html"), `<head>${styles.join("\n  ")}</head><script>tiny-0123.js</script>`);
  writeFileSync(join(folder, "a-45.css"), "/* What is said. */\np { color: red }\n");
  writeFileSync(join(folder, "b-45.css"), "p { color: blue } /* More. */\n");
  writeFileSync(join(folder, "list.txt"), list ?? "");
  cargo(folder, join(folder, "list.txt"), list === undefined ? { FAASLAB_MARK: "1" } : {});
  const files = readdirSync(folder);
  const named = (ending) => files.find((name) => name.endsWith(ending));
  const read = (ending) => readFileSync(join(folder, named(ending)));
  /** What the undivided program answers. */
  const undivided = () => new WebAssembly.Instance(whole, { "./tiny_bg.js": { add: (a, b) => a + b, only_rest: (a) => a ^ 0x55 } }).exports;
  return { folder, files, named, read, undivided };
}

/** A fresh first part, as a page has it, with a server that answers with this status. */
async function visit(page, status = 200) {
  const asked = [];
  const file = (url) => url.pathname.split("/").pop();
  globalThis.XMLHttpRequest = class {
    open(method, url, later) {
      asked.push([method, file(url), later]);
      this.url = url;
    }
    overrideMimeType() {}
    send() {
      this.status = status;
      // As a text of the character set x-user-defined, whose upper half lies elsewhere.
      this.responseText = [...page.read(file(this.url))].map((b) => String.fromCharCode(b < 128 ? b : 0xf700 + b)).join("");
    }
  };
  globalThis.fetch = async (url) => {
    asked.push(["fetch", file(url)]);
    return { ok: status === 200, arrayBuffer: async () => page.read(file(url)) };
  };
  const { initSync } = await import(`${pathToFileURL(join(page.folder, page.named(".js")))}?${Math.random()}`);
  return { wasm: initSync(page.read("_bg.wasm")), asked };
}

const tiny = build(`(module
  (import "./tiny_bg.js" "add" (func $add (param i32 i32) (result i32)))
  (import "./tiny_bg.js" "only_rest" (func $only_rest (param i32) (result i32)))
  (memory (export "memory") 1)
  (table 3 3 funcref)
  (elem (i32.const 0) $kept $indirect $shown)
  (global $count (mut i32) (i32.const 0))
  (data (i32.const 16) "\\2a")
  (func $kept (export "kept") (param i32) (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (call $add (local.get 0) (i32.load8_u (i32.const 16))))
  (func $direct (param i32) (result i32)
    (call $only_rest (call $kept (i32.mul (local.get 0) (i32.mul (local.get 0) (i32.mul (local.get 0) (i32.const 1000000)))))))
  (func $indirect (param i32) (result i32)
    (i32.sub (call $direct (i32.add (local.get 0) (i32.mul (local.get 0) (i32.const 70000)))) (i32.const 3)))
  (func $shown (param i32) (result i32)
    (if (i32.gt_u (local.get 0) (i32.const 1000)) (then (return (call $direct (i32.mul (local.get 0) (i32.const 70001))))))
    (call $kept (i32.mul (local.get 0) (i32.mul (local.get 0) (i32.mul (local.get 0) (i32.const 90000))))))
  (func (export "call_direct") (param i32) (result i32) (call $direct (local.get 0)))
  (func (export "call_slot") (param i32 i32) (result i32)
    (call_indirect (param i32) (result i32) (local.get 1) (local.get 0)))
  (func (export "count") (result i32) (global.get $count))
  (func $nothing))`, "0\tkept\n0\tnothing\n1\tshown\n");
const undivided = tiny.undivided();
const [show, rest] = ["_show.wasm", "_rest.wasm"].map(tiny.named);

test("script and parts have one new name, which the page knows", () => {
  const stem = rest.replace("_rest.wasm", "");
  assert.notEqual(stem, "tiny-0123");
  assert.ok([tiny.named("_bg.wasm"), show].every((name) => name.startsWith(stem)) && tiny.named(".js") === `${stem}.js`, tiny.files.join());
  assert.ok(readFileSync(join(tiny.folder, "index.html"), "utf8").includes(`${stem}.js`));
});

test("the page has one file of styles in the place of several, in their order", () => {
  const styles = tiny.files.filter((name) => name.endsWith(".css"));
  assert.equal(styles.length, 1);
  assert.equal(tiny.read(".css").toString(), "p { color: red }\np { color: blue } ");
  const links = readFileSync(join(tiny.folder, "index.html"), "utf8").match(/<link[^>]*>/g);
  assert.deepEqual(links, [`<link rel="stylesheet" href="./${styles[0]}" data-integrity="none"/>`]);
});

test("what the list names first runs without the others", async () => {
  const { wasm, asked } = await visit(tiny);
  assert.equal(wasm.kept(5), undivided.kept(5));
  assert.equal(wasm.call_slot(0, 6), undivided.call_slot(0, 6));
  assert.deepEqual(asked, []);
});

test("a call of what comes later fetches it at once, and once, after what comes before it, and all parts share their state", async () => {
  for (const first of ["call_direct", "call_slot"]) {
    const { wasm, asked } = await visit(tiny);
    const before = undivided.count();
    const [direct, slot] = [undivided.call_direct(7), undivided.call_slot(1, 7)];
    if (first === "call_slot") assert.equal(wasm.call_slot(1, 7), slot);
    assert.equal(wasm.call_direct(7), direct);
    if (first === "call_direct") assert.equal(wasm.call_slot(1, 7), slot);
    assert.equal(wasm.count(), undivided.count() - before);
    assert.deepEqual(asked, [["GET", show, false], ["GET", rest, false]]);
  }
});

test("the second part runs without the rest, and fetches it when it needs it", async () => {
  const { wasm, asked } = await visit(tiny);
  assert.equal(wasm.call_slot(2, 7), undivided.call_slot(2, 7));
  assert.deepEqual(asked, [["GET", show, false]]);
  assert.equal(wasm.call_slot(2, 7000), undivided.call_slot(2, 7000));
  assert.deepEqual(asked, [["GET", show, false], ["GET", rest, false]]);
});

test("parts that were fetched in time, or given by another, are not fetched again", async () => {
  const { wasm, asked } = await visit(tiny);
  const modules = [await globalThis.faaslabParts.fetch(1), await globalThis.faaslabParts.fetch(2)];
  assert.ok(modules.every((module) => module instanceof WebAssembly.Module));
  assert.equal(wasm.call_direct(7), undivided.call_direct(7));
  assert.deepEqual(asked, [["fetch", show], ["fetch", rest]]);
  const other = await visit(tiny);
  modules.forEach((module, i) => globalThis.faaslabParts.take(i + 1, module));
  assert.equal(other.wasm.call_direct(7), undivided.call_direct(7));
  assert.deepEqual(other.asked, []);
});

test("a part that cannot be fetched is told in words where it is needed, and nowhere else", async () => {
  const { wasm } = await visit(tiny, 404);
  assert.equal(await globalThis.faaslabParts.fetch(1), undefined);
  const told = [];
  globalThis.faaslabStopped = (why) => told.push(why);
  assert.throws(() => wasm.call_direct(7), /part of the program could not be fetched \(status 404\)/);
  assert.equal(told.length, 1);
  assert.match(told[0], /reload when the network and the server are there again/);
});

test("a program or a list that the tool does not understand is refused", () => {
  const list = join(tiny.folder, "list.txt");
  assert.throws(() => cargo(tmpdir(), list), /programs, not one/);
  assert.throws(() => build("(module (table 1 funcref))", "0\tkept\n0\tshown\t12ab\t3;0 1:2\n"), /line 2 of the list cannot be read/);
});

/** Programs of chance: functions of branches, loops and values on the stack, which call each other. */
function drawn(seed) {
  let state = seed * 2654435761 >>> 0 || 1;
  const below = (n) => {
    state ^= state << 13; state >>>= 0; state ^= state >>> 17; state ^= state << 5; state >>>= 0;
    return state % n;
  };
  const one = (...of) => of[below(of.length)]();
  const [count, locals] = [12, 6];
  let number, labels, depth;
  const local = () => below(locals);
  const leaf = () => one(() => `(local.get ${local()})`, () => `(i32.const ${below(2000) - 1000})`, () => "(global.get $seed)");
  const inside = (write) => {
    if (depth > 4) return leaf();
    depth++;
    const text = write();
    depth--;
    return text;
  };
  const within = (label, write) => {
    labels.push(label);
    const text = write();
    labels.pop();
    return text;
  };
  const operation = () => ["add", "sub", "mul", "xor", "and", "or", "lt_s", "gt_u", "eq", "shl", "rotl"][below(11)];
  const value = () => inside(() => one(
    leaf, leaf,
    () => `(i32.${operation()} ${value()} ${value()})`,
    () => `(local.tee ${local()} ${value()})`,
    () => `(if (result i32) ${test()} (then ${body()} ${value()}) (else ${value()}))`,
    () => {
      const name = `$v${below(1e9)}`;
      return `(block ${name} (result i32) ${within([name, true], body)} (drop (br_if ${name} ${value()} ${test()})) ${within([name, true], body)} ${value()})`;
    },
    () => (number > 0 ? `(call $f${below(number)} ${value()} ${value()})` : leaf()),
  ));
  const test = () => `(i32.lt_u (i32.and ${value()} (i32.const 1023)) (i32.const ${below(1024)}))`;
  const leave = () => {
    if (labels.length === 0) return `(return ${value()})`;
    const [name, valued] = labels[below(labels.length)];
    return valued ? `(br ${name} ${value()})` : `(br ${name})`;
  };
  const plain = () => labels.filter(([, valued]) => !valued).map(([name]) => name);
  const statement = () => inside(() => one(
    () => `(local.set ${local()} ${value()})`,
    () => `(local.set ${local()} ${value()})`,
    () => `(global.set $seed (i32.add (global.get $seed) ${value()}))`,
    () => `(i32.store (i32.and ${value()} (i32.const 1020)) ${value()})`,
    () => `(if ${test()} (then ${body()}))`,
    () => `(if ${test()} (then ${body()}) (else ${body()}))`,
    () => `(if ${test()} (then ${body()} ${leave()}))`,
    () => `(if ${test()} (then ${body()} (return ${value()})))`,
    () => {
      const name = `$b${below(1e9)}`;
      return `(block ${name} ${within([name, false], () => `${body()} (br_if ${name} ${test()}) ${body()}`)})`;
    },
    () => {
      const [out, name] = [`$o${below(1e9)}`, `$l${below(1e9)}`];
      const round = () => `(br_if ${out} (i32.eqz (global.get $fuel))) (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
        ${body()} (br_if ${name} ${test()}) ${body()}`;
      return `(block ${out} (loop ${name} ${within([out, false], () => within([name, false], round))}))`;
    },
    () => (plain().length > 0 ? `(if ${test()} (then ${body()} (br_table ${plain().join(" ")} ${value()})))` : "(nop)"),
  )).replace(/^\((local\.get|i32\.const|global\.get).*\)$/, "(nop)");
  const body = () => Array.from({ length: 1 + below(3) }, statement).join("\n");
  const functions = Array.from({ length: count }, (_, i) => {
    [number, labels, depth] = [i, [], 0];
    return `(func $f${i} (export "f${i}") (param i32 i32) (result i32) (local i32 i32 i32 i32) ${body()} ${body()} ${value()})`;
  });
  return `(module (memory (export "memory") 1) (table 1 funcref) (elem (i32.const 0) $f0)
    (global $seed (mut i32) (i32.const 1)) (global $fuel (mut i32) (i32.const 0))
    (func $nothing)
    (func (export "begin") (param i32) (global.set $seed (local.get 0)) (global.set $fuel (i32.const 200)))
    ${functions.join("\n")})`;
}

const answers = (wasm, some) => some.map(([number, a, b], i) => {
  wasm.begin(i);
  const answer = wasm[`f${number}`](a, b);
  return [answer, new Uint32Array(wasm.memory.buffer, 0, 256).reduce((sum, word) => (sum * 31 + word) >>> 0, 0)];
});

/** In a browser, for Node knows no second memory yet: the blocks that some calls come to, and those that others come to then. */
async function noted({ script, bytes, first, second }) {
  const { initSync } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const wasm = initSync(new Uint8Array(bytes));
  const call = ([number, a, b], i) => {
    wasm.begin(i);
    wasm[`f${number}`](a, b);
  };
  first.forEach(call);
  await globalThis.faaslabParts.fetch(1);
  second.forEach(call);
  return globalThis.faaslabMarks().map((marks) => [...marks.keys()].filter((i) => marks[i]));
}

test("code that comes later than the beginning of its function does what it did in it", async (t) => {
  const lab = await open();
  t.after(() => lab.close());
  const place = await lab.browser.newPage();
  for (const seed of [1, 2, 3]) {
    const program = drawn(seed);
    const inputs = Array.from({ length: 150 }, (_, i) => [i % 12, (i * 7919) | 0, (i * i * 104729) | 0]);
    // What a first visit calls, what comes then, and the rest.
    const [first, second] = [inputs.slice(0, 20), inputs.slice(20, 60)];
    const marked = build(program);
    const { functions, count } = functionsOf(marked.read("functions.txt").toString());
    const marks = await place.evaluate(noted, { script: marked.read(".js").toString(), bytes: [...marked.read("_bg.wasm")], first, second });
    const part = new Uint8Array(count).fill(2);
    marks.forEach((blocks, number) => blocks.forEach((i) => { part[i] = Math.min(part[i], number); }));
    const lines = linesOf(functions, part);
    assert.ok(lines.some((line) => / \d+:1/.test(line)) && lines.some((line) => / \d+:2/.test(line)), "all parts have code");
    const page = build(program, lines.join("\n"));
    const sizes = ["_bg.wasm", "_show.wasm", "_rest.wasm"].map((name) => page.read(name).length);
    assert.ok(sizes.every((size) => size > 400), `${sizes}`);
    const { wasm: divided, asked } = await visit(page);
    const whole = page.undivided();
    const same = (some) => assert.deepEqual(answers(divided, some), answers(whole, some), `program ${seed}`);
    same(first);
    assert.deepEqual(asked, []);
    same(second);
    assert.deepEqual(asked, [["GET", page.named("_show.wasm"), false]]);
    same(inputs);
    assert.equal(asked.length, 2);
    assert.equal(new Set(answers(whole, inputs).map(([answer]) => answer)).size > 20, true, "the answers differ");
  }
});

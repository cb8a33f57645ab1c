// The list of what a first visit needs of the page's program (web/opening.txt), from what a marked program notes (dev-tools/split).

/** The functions of a marked program, as many blocks of code as each has being numbered one after the other. */
export function functionsOf(text) {
  let count = 0;
  const functions = text.trimEnd().split("\n").map((line) => {
    const [name, kinds, blocks] = line.split("\t");
    count += Number(blocks);
    return { name, kinds, blocks: Number(blocks), from: count - Number(blocks) };
  });
  return { functions, count };
}

// How these go depends on the numbers, texts and sizes that they happen to get, times of this machine among them: what is needed of
// them is needed as a whole.
const asItHappens = /^<*[[&(]*(mut )?(core|alloc|std|hashbrown|indexmap|dlmalloc|libm|compiler_builtins|faaslab_core::units|str|f32|f64|[iu](8|16|32|64|128|size))\b/;
const isTakenWhole = (name) => asItHappens.test(name) && !name.startsWith("core::ptr::drop_in_place");
// Of the ways to write a number, the one that is exact is for those that the quick one does not get right.
const writesNumbers = /^<*core::num::(imp::)?(flt2dec|bignum|diy_float)\b/;

/** The lines of the list. `part` says of each block with which part of the program it is needed, 2 being the rest. */
export function linesOf(functions, part) {
  const lines = new Set();
  for (const { name, kinds, blocks, from } of functions) {
    const own = writesNumbers.test(name) ? 0 : part[from];
    if (name === "" || own === 2) continue;
    const runs = [];
    for (const number of isTakenWhole(name) ? [own] : part.subarray(from, from + blocks)) {
      if (runs.at(-1)?.number === number) runs.at(-1).count++;
      else runs.push({ number, count: 1 });
    }
    const differ = runs.length > 1 ? [kinds, runs.map(({ number, count }) => `${count}:${number}`).join(" ")] : [];
    lines.add([own, name, ...differ].join("\t"));
  }
  return [...lines].sort();
}

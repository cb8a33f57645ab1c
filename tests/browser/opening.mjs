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

/** The lines of the list. `part` says of each block with which part of the program it is needed, 2 being the rest. */
export function linesOf(functions, part) {
  const lines = new Set();
  for (const { name, kinds, blocks, from } of functions) {
    const own = part[from];
    if (name === "" || own === 2) continue;
    const runs = [];
    for (const number of part.subarray(from, from + blocks)) {
      if (runs.at(-1)?.number === number) runs.at(-1).count++;
      else runs.push({ number, count: 1 });
    }
    const differ = runs.length > 1 ? [kinds, runs.map(({ number, count }) => `${count}:${number}`).join(" ")] : [];
    lines.add([own, name, ...differ].join("\t"));
  }
  return [...lines].sort();
}

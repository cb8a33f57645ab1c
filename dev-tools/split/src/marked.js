
// The page notes what it comes to (dev-tools/split). What it came to until the first later part was there is kept: the rest of what it
// notes is what that part is for.
let marksBefore;
const note = () => { marksBefore ??= new Uint8Array(wasm.called.buffer).slice(); };
globalThis.faaslabParts = {
    // A part takes its time to come, in which the page goes on.
    fetch: (part) => new Promise((come) => setTimeout(() => {
        note();
        come(wasmModule);
    }, part === 1 ? 500 : 0)),
    take: note,
};
globalThis.faaslabMarks = () => {
    const marks = new Uint8Array(wasm.called.buffer);
    return [marksBefore ?? marks, marks];
};

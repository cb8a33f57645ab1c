
// The program is divided (dev-tools/split): the rest of it is fetched when `faaslabRest.fetch` is called, or at once when something
// of it is needed before.
const restPlace = new URL("REST_FILE", import.meta.url);
const restShared = { from: SHARED_FROM, count: SHARED_COUNT };
let restImports;

function withRest(imports) {
    restImports = { ...imports, rest: { load: loadRest } };
    return restImports;
}

/** Puts the rest, compiled, into its place. */
function takeRest(module) {
    if (wasm.loaded.value) return;
    const first = { ...wasm };
    for (let i = 0; i < restShared.count; i++) first[i] = wasm.t0.get(restShared.from + i);
    new WebAssembly.Instance(module, { ...restImports, first });
    wasm.loaded.value = 1;
}

/** Fetches the rest while the program goes on. Answers it, compiled, or nothing where it cannot be had now. */
async function fetchRest() {
    try {
        const response = await fetch(restPlace);
        if (!response.ok) return undefined;
        const module = await WebAssembly.compile(await response.arrayBuffer());
        takeRest(module);
        return module;
    } catch {
        return undefined;
    }
}

/** Fetches the rest while the program waits: it is in the middle of a call. */
function loadRest() {
    try {
        const request = new XMLHttpRequest();
        request.open("GET", restPlace, false);
        // Bytes as characters: a page that waits may not ask for an array.
        request.overrideMimeType("text/plain; charset=x-user-defined");
        request.send();
        if (request.status !== 200) throw new Error(`status ${request.status}`);
        const text = request.responseText;
        const bytes = new Uint8Array(text.length);
        for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
        takeRest(new WebAssembly.Module(bytes));
    } catch (error) {
        const why = `A part of the program could not be fetched (${error.message}): reload when the network and the server are there again`;
        globalThis.faaslabStopped?.(why);
        throw new Error(why);
    }
}

globalThis.faaslabRest = { fetch: fetchRest, take: takeRest };

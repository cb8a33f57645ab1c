
// The program is divided (dev-tools/split): a later part is fetched when `faaslabParts.fetch` is called, or at once when something of
// it is needed before.
const later = LATER.map((name) => new URL(name, import.meta.url));
let laterImports;

function withLater(imports) {
    laterImports = { ...imports, later: {} };
    later.forEach((_, i) => { laterImports.later[`load${i + 1}`] = () => loadPart(i + 1); });
    return laterImports;
}

const isThere = (part) => wasm[`loaded${part}`].value === 1;

/** Puts a part, compiled, into its place. Those before it are there. */
function takePart(part, module) {
    if (isThere(part)) return;
    const first = { ...wasm };
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
        if (from === "first" && kind === "function") first[name] = wasm.t0.get(Number(name));
    }
    new WebAssembly.Instance(module, { ...laterImports, first });
    wasm[`loaded${part}`].value = 1;
}

/** Fetches a part while the program goes on, some times if need be. Answers it, compiled, or nothing where it cannot be had now. */
async function fetchPart(part) {
    for (const pause of [0, 1000, 3000]) {
        await new Promise((go) => setTimeout(go, pause));
        try {
            const response = await fetch(later[part - 1], { signal: AbortSignal.timeout(60_000) });
            if (!response.ok) continue;
            const module = await WebAssembly.compile(await response.arrayBuffer());
            takePart(part, module);
            return module;
        } catch {
            // Once more, or it is fetched when it is called, and that says why it cannot be had.
        }
    }
    return undefined;
}

/** Fetches a part, and those before it, while the program waits: it is in the middle of a call. */
function loadPart(last) {
    try {
        for (let part = 1; part <= last; part++) {
            if (isThere(part)) continue;
            const request = new XMLHttpRequest();
            request.open("GET", later[part - 1], false);
            // Bytes as characters: a page that waits may not ask for an array.
            request.overrideMimeType("text/plain; charset=x-user-defined");
            request.send();
            if (request.status !== 200) throw new Error(`status ${request.status}`);
            const text = request.responseText;
            const bytes = new Uint8Array(text.length);
            for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
            takePart(part, new WebAssembly.Module(bytes));
        }
    } catch (error) {
        const why = `A part of the program could not be fetched (${error.message}): reload when the network and the server are there again`;
        globalThis.faaslabStopped?.(why);
        throw new Error(why);
    }
}

globalThis.faaslabParts = { fetch: fetchPart, take: takePart };

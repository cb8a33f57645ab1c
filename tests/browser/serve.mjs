// A dumb static server: files and their types, nothing else. `node serve.mjs DIR PORT [PREFIX]`
import { createServer } from "node:http";
import { readFile, stat } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";

const types = {
  ".css": "text/css", ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".json": "application/json",
  ".svg": "image/svg+xml", ".wasm": "application/wasm", ".csv": "text/csv",
};

/** Serves a folder below a prefix ("/" or "/some/folder/"). Answers the server once it listens. */
export function serve(folder, port = 0, prefix = "/") {
  const server = createServer(async (request, response) => {
    try {
      let path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
      // Browsers ask a host for this by themselves now and then; the page has an icon of its own.
      if (path === "/favicon.ico") return response.writeHead(204).end();
      if (!path.startsWith(prefix)) throw new Error("outside");
      path = join(folder, normalize("/" + path.slice(prefix.length)));
      if ((await stat(path)).isDirectory()) path = join(path, "index.html");
      const body = await readFile(path);
      response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" });
      response.end(body);
    } catch {
      response.writeHead(404, { "content-type": "text/plain" });
      response.end("not found\n");
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder, port, prefix] = process.argv.slice(2);
  serve(folder, Number(port), prefix ?? "/").then(
    () => console.log(`FaaSLab is at http://localhost:${port}${prefix ?? "/"} (Ctrl C ends it)`),
    (error) => {
      console.error(error.code === "EADDRINUSE" ? `dev: port ${port} is in use; try ./dev serve ${Number(port) + 1}` : `dev: ${error.message}`);
      process.exit(1);
    },
  );
}

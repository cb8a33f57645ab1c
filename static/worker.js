// Starts the page's own module in a worker: the page sends where its script is and what it compiled.
self.addEventListener("message", async (event) => {
  self.faaslabBoot = event.data; // for a worker of its own
  const { default: init } = await import(event.data.script);
  await init({ module_or_path: event.data.module });
}, { once: true });

// Every example with a page is a folder; `npm run dev` serves them all.

import { defineConfig } from "vite";

export default defineConfig({
  appType: "mpa",
  build: { rolldownOptions: { input: ["index.html", "todo/index.html", "editor/index.html", "cursors/index.html"] } },
});

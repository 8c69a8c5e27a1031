// Every part of the pages by itself, with made-up content: for those who build them, and for tests.
// `#ui` shows one group of parts, `?dir=rtl` lets lines begin at the right.

import { mount } from "svelte";
import "../lib/theme.css";
import { startLanguage } from "../lib/i18n/index.svelte.js";
import { applyTheme, followTheme } from "../lib/theme.js";
import Gallery from "./Gallery.svelte";

applyTheme();
followTheme();
await startLanguage();
if (new URLSearchParams(location.search).get("dir") === "rtl") document.documentElement.dir = "rtl";
const target = document.getElementById("page");
if (target !== null) mount(Gallery, { target });

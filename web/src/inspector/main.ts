// The inspector: what programs share in a circle, for those who develop them.

import { mount } from "svelte";
import { startLanguage } from "../lib/i18n/inspector.js";
import "../lib/theme.css";
import { applyTheme } from "../lib/theme.js";
import Page from "./Page.svelte";

applyTheme();
await startLanguage();
const target = document.getElementById("page");
if (target !== null) mount(Page, { target });

// The inspector: what programs share in a circle, for those who develop them.

import { mount } from "svelte";
import "../lib/theme.css";
import { applyTheme } from "../lib/theme.js";
import Page from "./Page.svelte";

applyTheme();
const target = document.getElementById("page");
if (target !== null) mount(Page, { target });

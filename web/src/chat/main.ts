// The chat: circles, streams and conversations, for people.

import { mount } from "svelte";
import { startLanguage } from "../lib/i18n/index.svelte.js";
import "../lib/theme.css";
import { applyTheme } from "../lib/theme.js";
import "./chat.css";
import Page from "./Page.svelte";

applyTheme();
await startLanguage();
const target = document.getElementById("page");
if (target !== null) mount(Page, { target });

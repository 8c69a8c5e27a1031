// The chat: circles, streams and conversations, for people.

import { mount } from "svelte";
import { startLanguage } from "../lib/i18n/index.svelte.js";
import "../lib/theme.css";
import { applyTheme } from "../lib/theme.js";
import "./chat.css";
import { lastShown } from "./model/past.js";
import Page from "./Page.svelte";

applyTheme();
// The disk takes its time.
const past = lastShown(localStorage, Date.now());
await startLanguage();
const target = document.getElementById("page");
if (target !== null) mount(Page, { target, props: { past } });

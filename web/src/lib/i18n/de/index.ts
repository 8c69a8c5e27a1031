// What the pages say in German by what is loaded at once, as `en/index.ts` does; the rest is in `late.ts`.

import type { FirstMessages } from "../languages.js";
import { account } from "./account.js";
import { chat } from "./chat.js";
import { command } from "./command.js";
import { composer } from "./composer.js";
import { errors } from "./errors.js";
import { markdown } from "./markdown.js";
import { places } from "./places.js";
import { ui } from "./ui.js";

export const de: FirstMessages = { ...account, ...chat, ...ui, ...command, ...composer, ...errors, ...markdown, ...places };

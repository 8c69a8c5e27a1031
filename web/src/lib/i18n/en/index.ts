// What the pages say in English, as far as it is said by what is loaded at once; the rest is in `late.ts`.
// One file for each area, whose name begins most of its keys. A new key goes into its area here and in every
// other language; the types and a test hold them together.

import { account } from "./account.js";
import { chat } from "./chat.js";
import { command } from "./command.js";
import { composer } from "./composer.js";
import { errors } from "./errors.js";
import { markdown } from "./markdown.js";
import { places } from "./places.js";
import { ui } from "./ui.js";

export const en = { ...account, ...chat, ...ui, ...command, ...composer, ...errors, ...markdown, ...places } as const;

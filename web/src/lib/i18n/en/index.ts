// Everything the pages say, in English: one file for each area, whose name begins its keys. A new
// key goes into its area here and in every other language; the types and a test hold them together.

import { account } from "./account.js";
import { admin } from "./admin.js";
import { chat } from "./chat.js";
import { command } from "./command.js";
import { composer } from "./composer.js";
import { emoji } from "./emoji.js";
import { find } from "./find.js";
import { live } from "./live.js";
import { manage } from "./manage.js";
import { markdown } from "./markdown.js";
import { media } from "./media.js";
import { notify } from "./notify.js";
import { places } from "./places.js";
import { privately } from "./private.js";
import { settings } from "./settings.js";
import { ui } from "./ui.js";

export const en = { ...account, ...admin, ...chat, ...ui, ...command, ...composer, ...emoji, ...find, ...live, ...manage, ...markdown, ...media, ...notify, ...privately, ...places, ...settings } as const;

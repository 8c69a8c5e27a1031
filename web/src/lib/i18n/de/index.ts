// Everything the pages say, in German.

import type { Messages } from "../languages.js";
import { account } from "./account.js";
import { admin } from "./admin.js";
import { chat } from "./chat.js";
import { composer } from "./composer.js";
import { emoji } from "./emoji.js";
import { find } from "./find.js";
import { manage } from "./manage.js";
import { markdown } from "./markdown.js";
import { media } from "./media.js";
import { notify } from "./notify.js";
import { settings } from "./settings.js";
import { ui } from "./ui.js";

export const de: Messages = { ...account, ...admin, ...chat, ...ui, ...composer, ...emoji, ...find, ...manage, ...markdown, ...media, ...notify, ...settings };

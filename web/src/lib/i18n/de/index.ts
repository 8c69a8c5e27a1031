// Everything the pages say, in German.

import type { Messages } from "../languages.js";
import { account } from "./account.js";
import { admin } from "./admin.js";
import { chat } from "./chat.js";
import { command } from "./command.js";
import { composer } from "./composer.js";
import { emoji } from "./emoji.js";
import { errors } from "./errors.js";
import { find } from "./find.js";
import { formatting } from "./formatting.js";
import { keys } from "./keys.js";
import { live } from "./live.js";
import { manage } from "./manage.js";
import { markdown } from "./markdown.js";
import { media } from "./media.js";
import { notify } from "./notify.js";
import { people } from "./people.js";
import { places } from "./places.js";
import { privately } from "./private.js";
import { settings } from "./settings.js";
import { ui } from "./ui.js";

export const de: Messages = { ...account, ...admin, ...chat, ...ui, ...command, ...composer, ...emoji, ...errors, ...find, ...formatting, ...keys, ...live, ...manage, ...markdown, ...media, ...notify, ...people, ...privately, ...places, ...settings };

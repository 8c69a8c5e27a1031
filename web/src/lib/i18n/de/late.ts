// What is said in German only by parts of the pages that are loaded later, and comes with them.

import type { LateMessages } from "../languages.js";
import { admin } from "./admin.js";
import { emoji } from "./emoji.js";
import { find } from "./find.js";
import { formatting } from "./formatting.js";
import { keys } from "./keys.js";
import { live } from "./live.js";
import { manage } from "./manage.js";
import { media } from "./media.js";
import { notify } from "./notify.js";
import { people } from "./people.js";
import { privately } from "./private.js";
import { refused } from "./refused.js";
import { settings } from "./settings.js";

export const late: LateMessages = { ...admin, ...emoji, ...find, ...formatting, ...keys, ...live, ...manage, ...media, ...notify, ...people, ...privately, ...refused, ...settings };

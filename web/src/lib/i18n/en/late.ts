// What is said in English only by parts of the pages that are loaded later, and comes with them.

import { admin } from "./admin.js";
import { emoji } from "./emoji.js";
import { formatting } from "./formatting.js";
import { manage } from "./manage.js";
import { privately } from "./private.js";
import { settings } from "./settings.js";

export const late = { ...admin, ...emoji, ...formatting, ...manage, ...privately, ...settings } as const;

// What parts of the pages that are loaded later say: they take `t` from here, which knows their words as
// well. What is loaded at once does not know their keys, and must not load this.

import { late } from "./en/late.js";
import { addLate, t as atOnce } from "./index.svelte.js";
import type { English, Key as AnyKey } from "./languages.js";
import type { Values } from "./message.js";

export * from "./index.svelte.js";

await addLate(late);

export type Key = AnyKey;
export const t = atOnce as <K extends Key>(key: K, ...values: Values<English[K]>) => string;

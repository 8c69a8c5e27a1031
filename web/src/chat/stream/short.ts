// What a message says where there is room for a line.

import type { protocol } from "@kith/client";
import { t } from "../../lib/i18n/index.svelte.js";
import { plain } from "../../lib/markdown/ast.js";
import { parseOnce } from "../../lib/markdown/parse.js";

/** The text of a message; of one without any, what its file is called, or how many there are. */
export function inShort({ text, files = [] }: Pick<protocol.Message, "text" | "files">): string {
  if (text !== "" || files.length === 0) return text;
  return files.length === 1 ? files[0]?.name ?? "" : t("message.files", { count: files.length });
}

/** The same as words on one line, without what makes them bold, and with spoilers hidden. */
export function inWords(message: Pick<protocol.Message, "text" | "files">): string {
  return message.text === "" ? inShort(message) : plain(parseOnce(message.text));
}

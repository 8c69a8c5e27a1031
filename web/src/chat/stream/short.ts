// What a message says where there is room for a line.

import type { protocol } from "@kith/client";
import { t } from "../../lib/i18n/index.svelte.js";

/** The text of a message; of one without any, what its file is called, or how many there are. */
export function inShort({ text, files = [] }: Pick<protocol.Message, "text" | "files">): string {
  if (text !== "" || files.length === 0) return text;
  return files.length === 1 ? files[0]?.name ?? "" : t("message.files", { count: files.length });
}

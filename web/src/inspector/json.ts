// JSON that a person writes.

import { parse, type Json } from "@kith/client";
import { t } from "../lib/i18n/inspector.js";

/** What was read, or why it is no JSON. */
export type Read = { value: Json } | { why: string };

/** Reads JSON; nothing at all is `otherwise`, where there is one. */
export function read(text: string, otherwise?: Json): Read {
  if (text.trim() === "" && otherwise !== undefined) return { value: otherwise };
  try {
    return { value: parse(text) };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

/** Reads a path: an array of keys and places, or a key alone; what is wrong with it is a sentence. */
export function readPath(text: string): { path: (string | number)[] } | { why: string } {
  if (!text.trim().startsWith("[")) return { path: [text] };
  const told = read(text);
  if ("why" in told) return { why: t("inspector.no_json", told) };
  const { value } = told;
  const isStep = (step: Json) => typeof step === "string" || (typeof step === "number" && Number.isInteger(step) && step >= 0);
  if (!Array.isArray(value) || !value.every(isStep)) return { why: t("value.path_wrong") };
  return { path: value as (string | number)[] };
}

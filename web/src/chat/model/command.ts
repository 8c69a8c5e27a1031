// Slash commands: what of a message is one, and what a service says to whoever called it. Pure.

import type { Json } from "@kith/client";

/** Services of this beginning are slash commands. */
export const COMMANDS = "chat/";

/** A command as it was typed. */
export interface Command {
  /** Its name, without the slash. */
  readonly name: string;
  /** What stands behind it. */
  readonly text: string;
}

/** The command that a message would be; whether there is one of this name is another question. */
export function commandIn(said: string): Command | undefined {
  const found = /^\/([^\s/]\S{0,190})(?:\s+([\s\S]*))?$/.exec(said.trim());
  return found === null ? undefined : { name: found[1] ?? "", text: (found[2] ?? "").trim() };
}

/** What a result says to the caller alone, if it says anything. */
export function answerIn(result: Json): string | undefined {
  if (typeof result !== "object" || result === null || Array.isArray(result)) return undefined;
  const { text } = result as { readonly text?: Json };
  return typeof text === "string" && text.trim() !== "" ? text : undefined;
}

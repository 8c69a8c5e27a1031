// The keys of the chat, as the page lists them and docs/chat.md does.

import type { Key } from "../lib/i18n/late.js";

/** What some keys do, each of them by itself. */
export interface Keys {
  readonly keys: readonly string[];
  readonly what: Key;
}

/** Keys that mean something in one place. */
export interface KeyGroup {
  readonly where: Key;
  readonly all: readonly Keys[];
}

export const KEYS = [
  { where: "keys.everywhere", all: [
    { keys: ["Ctrl+K"], what: "keys.go_to" },
    { keys: ["/"], what: "keys.find" },
    { keys: ["Ctrl+Shift+F"], what: "keys.find_here" },
    { keys: ["Alt+Arrows"], what: "keys.step" },
    { keys: ["Alt+Shift+Arrows"], what: "keys.step_unread" },
    { keys: ["?", "Ctrl+/"], what: "keys.title" },
  ] },
  { where: "keys.writing", all: [
    { keys: ["Enter"], what: "keys.send" },
    { keys: ["Shift+Enter"], what: "keys.line" },
    { keys: ["ArrowUp"], what: "keys.edit_last" },
    { keys: ["Escape"], what: "keys.leave" },
    { keys: ["@", "#", ":", "/"], what: "keys.offers" },
    { keys: ["Ctrl+B"], what: "composer.bold" },
    { keys: ["Ctrl+I"], what: "composer.italic" },
    { keys: ["Ctrl+Shift+X"], what: "composer.strike" },
    { keys: ["Ctrl+E"], what: "composer.code" },
    { keys: ["Ctrl+K"], what: "keys.link" },
    { keys: ["Ctrl+Shift+."], what: "composer.quote" },
    { keys: ["Ctrl+Shift+8"], what: "composer.list" },
    { keys: ["Ctrl+Shift+P"], what: "composer.spoiler" },
  ] },
  { where: "keys.messages", all: [
    { keys: ["Arrows", "Home", "End"], what: "keys.rows" },
    { keys: ["R"], what: "message.reply" },
    { keys: ["T"], what: "message.thread" },
    { keys: ["E"], what: "ui.edit" },
    { keys: ["P"], what: "message.pin" },
    { keys: ["C"], what: "message.copy" },
    { keys: ["L"], what: "message.link" },
    { keys: ["H"], what: "message.edits" },
    { keys: ["U"], what: "message.unread" },
    { keys: ["Delete"], what: "ui.delete" },
    { keys: ["Enter"], what: "message.menu" },
  ] },
  { where: "keys.places", all: [
    { keys: ["Ctrl+Shift+Arrows"], what: "keys.move" },
    { keys: ["Shift+F10"], what: "keys.menu" },
  ] },
] as const satisfies readonly KeyGroup[];

import type { Plugin } from "vite";

/** All emoji in a language, a line each. */
export function lines(language: string): string;
/** Has `virtual:emoji/LANGUAGE` found. */
export function emoji(): Plugin;

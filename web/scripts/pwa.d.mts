import type { Plugin } from "vite";

/** The name of the service worker among what is built. */
export const WORKER: string;
/** Adds the manifest and the list of files of the service worker to what is built, for a page; where it connects, what does that first. */
export function pwa(page: string, connects: boolean): Plugin;

// What a session is called in the list of sessions: the browser and the system, as far as they tell.

import { t } from "../../lib/i18n/index.svelte.js";

const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]] as const;
const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]] as const;

/** The label of a session that begins here. */
export function deviceLabel(agent: string = navigator.userAgent): string {
  const found = (names: readonly (readonly [string, string])[]) => names.find(([part]) => agent.includes(part))?.[1];
  const [browser, system] = [found(BROWSERS), found(SYSTEMS)];
  if (browser === undefined) return t("account.browser");
  return system === undefined ? browser : `${browser}, ${system}`;
}

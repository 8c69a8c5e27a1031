// Light, dark, or as the system has it: kept by the browser, for all pages of the server.

export type Theme = "system" | "light" | "dark";

const KEY = "kith.theme";
const ALL: readonly Theme[] = ["system", "light", "dark"];

/** What was chosen last in this browser. */
export function theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return ALL.find((one) => one === kept) ?? "system";
}

/** Shows the page like this, and every other one from now on. */
export function setTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  applyTheme();
}

/** Shows the page as was chosen. */
export function applyTheme(): void {
  const chosen = theme();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

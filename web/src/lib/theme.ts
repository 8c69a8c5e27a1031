// What the page looks like: colours, spacing, size of text, movement. Kept by the browser, for all
// pages of the server.

const CHOICES = {
  theme: ["system", "light", "dark"],
  density: ["comfortable", "compact", "roomy"],
  size: ["medium", "small", "large", "huge"],
  motion: ["system", "reduced"],
} as const;

/** What can be chosen, and from what; the first is what there is without a choice. */
export type Choices = typeof CHOICES;
export type Choice = keyof Choices;
export type Theme = Choices["theme"][number];

const NAMES = Object.keys(CHOICES) as Choice[];
const key = (name: Choice) => `kith.${name}`;

/** All there is to choose from. */
export function choices<Name extends Choice>(name: Name): Choices[Name] {
  return CHOICES[name];
}

/** What was chosen last in this browser. */
export function chosen<Name extends Choice>(name: Name): Choices[Name][number] {
  const kept = localStorage.getItem(key(name));
  return CHOICES[name].find((one) => one === kept) ?? CHOICES[name][0];
}

/** Shows the page like this, and every other one from now on. */
export function choose<Name extends Choice>(name: Name, choice: Choices[Name][number]): void {
  localStorage.setItem(key(name), choice);
  applyTheme();
}

/** Shows the page as was chosen. */
export function applyTheme(): void {
  for (const name of NAMES) {
    const choice = chosen(name);
    if (choice === CHOICES[name][0]) delete document.documentElement.dataset[name];
    else document.documentElement.dataset[name] = choice;
  }
}

/** Follows what is chosen in other tabs. */
export function followTheme(): void {
  addEventListener("storage", (event) => {
    if (NAMES.some((name) => key(name) === event.key)) applyTheme();
  });
}

/** Whether the user wants as little movement as possible. */
export function isStill(): boolean {
  return chosen("motion") === "reduced" || matchMedia("(prefers-reduced-motion: reduce)").matches;
}

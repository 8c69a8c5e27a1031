// Whether the row of formats is shown wherever one writes: as it was last in this browser.

const KEPT = "kith.formatting";
let open = $state(localStorage.getItem(KEPT) === "shown");

export function hasFormats(): boolean {
  return open;
}

export function showFormats(now: boolean): void {
  open = now;
  localStorage.setItem(KEPT, now ? "shown" : "hidden");
}

// Keys of the keyboard where lines may begin at either side.

/** Which key it is as if lines began at the left: `ArrowRight` goes on, wherever that is. */
export function forward({ key, currentTarget }: KeyboardEvent): string {
  if (getComputedStyle(currentTarget as Element).direction !== "rtl") return key;
  return key === "ArrowRight" ? "ArrowLeft" : key === "ArrowLeft" ? "ArrowRight" : key;
}

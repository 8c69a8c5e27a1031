// Chance that can be repeated.

/** Numbers that a seed decides. */
export function dice(seed) {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return (sides) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % sides;
  };
}

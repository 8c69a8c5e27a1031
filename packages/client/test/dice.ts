// Chance that can be repeated.

/** Draws a number from 0 on and below that which it is given. */
export type Dice = (below: number) => number;

/** A series of numbers that a seed begins (mulberry32). */
export function random(seed: number): Dice {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One of several. */
export const pick = <T>(dice: Dice, all: readonly T[]): T => all[dice(all.length)] as T;

// How high the rows of a list are and where each begins: measured for those that were shown, guessed
// for all others. Pure.

export type Key = string | number;

/** Measured heights that are kept of rows that are gone, so that they come back as they were. */
const SPARE = 1000;

export class Heights {
  #keys: readonly Key[] = [];
  #places = new Map<Key, number>();
  readonly #known = new Map<Key, number>();
  /** Where each row begins, and behind the last where they end. */
  #tops = new Float64Array(1);
  #stale = false;
  #sum = 0;

  /** `guess` is the height of a row of which none is known. */
  constructor(private guess: number) {}

  get count(): number {
    return this.#keys.length;
  }

  /** All of them together. */
  get total(): number {
    return this.top(this.#keys.length);
  }

  keyOf(place: number): Key | undefined {
    return this.#keys[place];
  }

  placeOf(key: Key): number | undefined {
    return this.#places.get(key);
  }

  /** The rows are these now. Each key is there once. */
  setKeys(keys: readonly Key[]): void {
    this.#keys = keys;
    this.#places = new Map(keys.map((key, place) => [key, place]));
    for (const [key, height] of this.#known) {
      if (this.#known.size <= keys.length + SPARE) break;
      if (!this.#places.has(key)) this.#known.delete(key), (this.#sum -= height);
    }
    // What is not measured is like the others; changed only here, so that nothing moves on its own.
    if (this.#known.size > 0) this.guess = this.#sum / this.#known.size;
    this.#stale = true;
  }

  /** A row was measured; whether that changes anything. */
  measure(key: Key, height: number): boolean {
    const known = this.#known.get(key);
    if (known === height || !this.#places.has(key)) return false;
    this.#known.set(key, height);
    this.#sum += height - (known ?? 0);
    this.#stale = true;
    return true;
  }

  /** Where a row begins. */
  top(place: number): number {
    if (this.#stale) this.#reckon();
    return this.#tops[Math.max(0, Math.min(place, this.#keys.length))] ?? 0;
  }

  height(place: number): number {
    return this.top(place + 1) - this.top(place);
  }

  /** The row that is at a height: the last that begins there or above it. */
  placeAt(at: number): number {
    let [low, high] = [0, this.#keys.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= at) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }

  #reckon(): void {
    const tops = new Float64Array(this.#keys.length + 1);
    let at = 0;
    this.#keys.forEach((key, place) => {
      at += this.#known.get(key) ?? this.guess;
      tops[place + 1] = at;
    });
    this.#tops = tops;
    this.#stale = false;
  }
}

// Pictures that did not come may come later: there was no connection, say.

let tries = $state(0);

/** Counts how often those that failed were to be asked for again. */
export const picturesTried = (): number => tries;

/** Asks again for those that failed. */
export function tryPictures(): void {
  tries += 1;
}

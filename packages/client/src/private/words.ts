// The words by which two people check that nobody is between them: the emoji of Matrix.

/** An emoji and its name. */
export type Word = readonly [emoji: string, name: string];

/** The words; a place in this list is 6 bits. */
export const words: readonly Word[] = [
  ["🐶", "dog"],
  ["🐱", "cat"],
  ["🦁", "lion"],
  ["🐎", "horse"],
  ["🦄", "unicorn"],
  ["🐷", "pig"],
  ["🐘", "elephant"],
  ["🐰", "rabbit"],
  ["🐼", "panda"],
  ["🐓", "rooster"],
  ["🐧", "penguin"],
  ["🐢", "turtle"],
  ["🐟", "fish"],
  ["🐙", "octopus"],
  ["🦋", "butterfly"],
  ["🌷", "flower"],
  ["🌳", "tree"],
  ["🌵", "cactus"],
  ["🍄", "mushroom"],
  ["🌏", "globe"],
  ["🌙", "moon"],
  ["☁️", "cloud"],
  ["🔥", "fire"],
  ["🍌", "banana"],
  ["🍎", "apple"],
  ["🍓", "strawberry"],
  ["🌽", "corn"],
  ["🍕", "pizza"],
  ["🎂", "cake"],
  ["❤️", "heart"],
  ["😀", "smiley"],
  ["🤖", "robot"],
  ["🎩", "hat"],
  ["👓", "glasses"],
  ["🔧", "spanner"],
  ["🎅", "santa"],
  ["👍", "thumbs up"],
  ["☂️", "umbrella"],
  ["⌛", "hourglass"],
  ["⏰", "clock"],
  ["🎁", "gift"],
  ["💡", "light bulb"],
  ["📕", "book"],
  ["✏️", "pencil"],
  ["📎", "paperclip"],
  ["✂️", "scissors"],
  ["🔒", "lock"],
  ["🔑", "key"],
  ["🔨", "hammer"],
  ["☎️", "telephone"],
  ["🏁", "flag"],
  ["🚂", "train"],
  ["🚲", "bicycle"],
  ["✈️", "aeroplane"],
  ["🚀", "rocket"],
  ["🏆", "trophy"],
  ["⚽", "ball"],
  ["🎸", "guitar"],
  ["🎺", "trumpet"],
  ["🔔", "bell"],
  ["⚓", "anchor"],
  ["🎧", "headphones"],
  ["📁", "folder"],
  ["📌", "pin"],
];

/** The seven words of the first 42 bits of a hash. */
export function wordsOf(hash: Uint8Array): Word[] {
  let bits = 0n;
  for (const byte of hash.subarray(0, 8)) bits = (bits << 8n) | BigInt(byte);
  return Array.from({ length: 7 }, (_, place) => words[Number((bits >> BigInt(58 - 6 * place)) & 63n)]!);
}

// All emoji in a language, a line each: made by `scripts/emoji.mjs`.

declare module "virtual:emoji/*" {
  const lines: string;
  export default lines;
}

// Each icon of Lucide is a module of its own, which brings no types.

declare module "lucide/dist/esm/icons/*.mjs" {
  const icon: import("./icons.js").IconNode;
  export default icon;
}

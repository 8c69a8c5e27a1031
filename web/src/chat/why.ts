// Why something did not come about, in words for a person: as on every page.

export { why } from "../lib/why.js";

// Colours for code. Loaded when the first code with a known language is shown, and each language when
// it is first used. What comes back are pieces of text with a kind, never HTML.

import { createLowlight } from "lowlight";
import type { LanguageFn } from "highlight.js";

export type Kind = "keyword" | "string" | "number" | "comment" | "title" | "type";
export interface Piece {
  readonly text: string;
  readonly kind: Kind | undefined;
}

type Load = () => Promise<{ default: LanguageFn }>;
const LANGUAGES: Readonly<Record<string, Load>> = {
  bash: () => import("highlight.js/lib/languages/bash"),
  c: () => import("highlight.js/lib/languages/c"),
  cpp: () => import("highlight.js/lib/languages/cpp"),
  csharp: () => import("highlight.js/lib/languages/csharp"),
  css: () => import("highlight.js/lib/languages/css"),
  dart: () => import("highlight.js/lib/languages/dart"),
  diff: () => import("highlight.js/lib/languages/diff"),
  dockerfile: () => import("highlight.js/lib/languages/dockerfile"),
  elixir: () => import("highlight.js/lib/languages/elixir"),
  erlang: () => import("highlight.js/lib/languages/erlang"),
  go: () => import("highlight.js/lib/languages/go"),
  graphql: () => import("highlight.js/lib/languages/graphql"),
  haskell: () => import("highlight.js/lib/languages/haskell"),
  ini: () => import("highlight.js/lib/languages/ini"),
  java: () => import("highlight.js/lib/languages/java"),
  javascript: () => import("highlight.js/lib/languages/javascript"),
  json: () => import("highlight.js/lib/languages/json"),
  julia: () => import("highlight.js/lib/languages/julia"),
  kotlin: () => import("highlight.js/lib/languages/kotlin"),
  latex: () => import("highlight.js/lib/languages/latex"),
  lua: () => import("highlight.js/lib/languages/lua"),
  makefile: () => import("highlight.js/lib/languages/makefile"),
  markdown: () => import("highlight.js/lib/languages/markdown"),
  nix: () => import("highlight.js/lib/languages/nix"),
  ocaml: () => import("highlight.js/lib/languages/ocaml"),
  perl: () => import("highlight.js/lib/languages/perl"),
  php: () => import("highlight.js/lib/languages/php"),
  powershell: () => import("highlight.js/lib/languages/powershell"),
  protobuf: () => import("highlight.js/lib/languages/protobuf"),
  python: () => import("highlight.js/lib/languages/python"),
  r: () => import("highlight.js/lib/languages/r"),
  ruby: () => import("highlight.js/lib/languages/ruby"),
  rust: () => import("highlight.js/lib/languages/rust"),
  scala: () => import("highlight.js/lib/languages/scala"),
  scss: () => import("highlight.js/lib/languages/scss"),
  shell: () => import("highlight.js/lib/languages/shell"),
  sql: () => import("highlight.js/lib/languages/sql"),
  swift: () => import("highlight.js/lib/languages/swift"),
  typescript: () => import("highlight.js/lib/languages/typescript"),
  xml: () => import("highlight.js/lib/languages/xml"),
  yaml: () => import("highlight.js/lib/languages/yaml"),
};

/** What else people call them. */
const ALSO: Readonly<Record<string, string>> = {
  sh: "bash", zsh: "bash", "c++": "cpp", hpp: "cpp", h: "c", cs: "csharp", "c#": "csharp", patch: "diff", docker: "dockerfile", ex: "elixir",
  erl: "erlang", golang: "go", hs: "haskell", toml: "ini", js: "javascript", jsx: "javascript", mjs: "javascript", jsonc: "json", jl: "julia",
  kt: "kotlin", tex: "latex", make: "makefile", md: "markdown", ml: "ocaml", pl: "perl", ps1: "powershell", proto: "protobuf", py: "python",
  rb: "ruby", rs: "rust", sass: "scss", console: "shell", ts: "typescript", tsx: "typescript", html: "xml", svg: "xml", svelte: "xml", vue: "xml", yml: "yaml",
};

/** The kinds of highlight.js, as one of the few colours there are. */
const KINDS: Readonly<Record<string, Kind>> = {
  keyword: "keyword", built_in: "type", literal: "number", symbol: "number", number: "number", operator: "keyword", selector: "keyword", tag: "keyword", name: "title",
  string: "string", regexp: "string", subst: "string", addition: "string", char: "string", comment: "comment", quote: "comment", meta: "comment", doctag: "comment",
  title: "title", section: "title", attr: "title", attribute: "title", property: "title", type: "type", class: "type", variable: "type", params: "type", template: "type",
  deletion: "keyword", bullet: "keyword", link: "string",
};

/** Longer code is shown as it is: nobody waits for colours. */
const CHARS_MAX = 20_000;

const low = createLowlight();

/** The name under which a language is known, if it is. */
export function known(language: string): string | undefined {
  const name = ALSO[language] ?? language;
  return Object.hasOwn(LANGUAGES, name) ? name : undefined;
}

/** The pieces of a text in a language. Rejects where the language cannot be loaded. */
export async function highlight(text: string, language: string): Promise<readonly Piece[]> {
  const name = known(language);
  const load = name === undefined ? undefined : LANGUAGES[name];
  if (name === undefined || load === undefined || text.length > CHARS_MAX) return [{ text, kind: undefined }];
  if (!low.registered(name)) low.register(name, (await load()).default);
  const pieces: Piece[] = [];
  collect(low.highlight(name, text).children, undefined, pieces);
  return pieces;
}

type Node = ReturnType<typeof low.highlight>["children"][number];

function collect(nodes: readonly Node[], kind: Kind | undefined, into: Piece[]): void {
  for (const node of nodes) {
    if (node.type === "text") into.push({ text: node.value, kind });
    else if (node.type === "element") {
      const named = [node.properties["className"]].flat().map((one) => KINDS[String(one).replace(/^hljs-/, "").split(/[-.]/)[0] ?? ""]);
      collect(node.children, named.find((one) => one !== undefined) ?? kind, into);
    }
  }
}

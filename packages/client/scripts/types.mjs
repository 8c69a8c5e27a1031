// Makes src/protocol.ts from the JSON Schemas in protocol.json; with --check, fails when they differ.

import { readFileSync, writeFileSync } from "node:fs";

const place = (file) => new URL(`../${file}`, import.meta.url);
const schemas = JSON.parse(readFileSync(place("protocol.json"), "utf8"));
const named = new Map();

function add(name, text, description) {
  const known = named.get(name);
  if (known !== undefined && known.text !== text) {
    throw new Error(`${name} is not the same in all schemas`);
  }
  named.set(name, { text, description });
}

/** The shape of an id from its pattern: texts that begin with one of the prefixes. */
function ofPattern(pattern) {
  // A hash: no text that a type could tell from others.
  if (pattern === "^[0-9a-f]{64}$") return "string";
  const text = pattern.replace(/^\^|\$$/g, "").replaceAll("[0-7][0-9a-z]{25}", "*");
  const inner = text.startsWith("(") && text.endsWith(")") ? text.slice(1, -1) : text;
  const all = inner.replace(/\((.*)\)\*/, (_, prefixes) =>
    prefixes.split("|").map((prefix) => `${prefix}*`).join("|"));
  return all.split("|").map((one) => {
    const literal = one.replaceAll("*", "${string}");
    if (/[^a-z_:${}]/.test(literal)) throw new Error(`a pattern that is not known: ${pattern}`);
    return literal === one ? JSON.stringify(one) : `\`${literal}\``;
  }).join(" | ");
}

function comment(description, indent) {
  if (description === undefined) return "";
  const lines = description.replace(/\[`([^`]+)`\](\([^)]*\))?/g, "`$1`").split("\n");
  const text = lines.map((line) => line.trim()).join(`\n${indent} * `);
  return lines.length === 1
    ? `${indent}/** ${text} */\n`
    : `${indent}/**\n${indent} * ${text}\n${indent} */\n`;
}

const union = (all) => [...new Set(all)].join(" | ");
const inner = (text) => (text.includes(" | ") ? `(${text})` : text);

function shape(schema, indent) {
  if (schema === true || Object.keys(schema).every((key) => key === "description" || key === "default")) {
    return "Json";
  }
  if (schema.$ref !== undefined) return schema.$ref.replace("#/$defs/", "");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((value) => JSON.stringify(value)));
  const among = schema.oneOf ?? schema.anyOf;
  if (among !== undefined) {
    // Fields beside the alternatives: an enum that is flattened into them.
    const flat = schema.properties !== undefined;
    const all = among.map((one) =>
      flat && one.const !== undefined ? `{ ${one.const}: null }` : shape(one, indent));
    const text = all.length > 4 && all.some((one) => one.includes("{"))
      ? all.map((one, at) => `\n${comment(among[at].description, `${indent}  `)}${indent}  | ${one.replaceAll("\n", "\n  ")}`).join("")
      : union(all);
    return flat ? `${object(schema, indent)} & (${text})` : text;
  }
  if (Array.isArray(schema.type)) {
    return union(schema.type.map((type) => shape({ ...schema, type }, indent)));
  }
  switch (schema.type) {
    case "null": return "null";
    case "boolean": return "boolean";
    case "integer": return "number";
    // Numbers of topics: whole ones may be larger than a `number` holds exactly.
    case "number": return schema.format === undefined ? "Numeric" : "number";
    case "string": return schema.pattern === undefined ? "string" : ofPattern(schema.pattern);
    case "array": return `${inner(shape(schema.items ?? true, indent))}[]`;
    case "object": return object(schema, indent);
    default: throw new Error(`a schema that is not known: ${JSON.stringify(schema)}`);
  }
}

function object(schema, indent) {
  const { properties, patternProperties, additionalProperties, required = [] } = schema;
  if (patternProperties !== undefined) {
    const all = Object.entries(patternProperties).map(
      ([pattern, value]) => `[key: ${ofPattern(pattern)}]: ${shape(value, indent)}`);
    return `{ ${all.join("; ")} }`;
  }
  if (properties === undefined) {
    if (additionalProperties === false) return "Record<string, never>";
    return `{ [key: string]: ${shape(additionalProperties ?? true, indent)} }`;
  }
  const more = `${indent}  `;
  const fields = Object.entries(properties).map(([name, value]) => {
    const there = required.includes(name);
    const text = shape(value, more);
    // What may be left out is left out, and never null.
    const type = there ? text : text.split(" | ").filter((one) => one !== "null").join(" | ");
    return `${comment(value.description, more)}${more}${name}${there ? "" : "?"}: ${type};\n`;
  });
  return `{\n${fields.join("")}${indent}}`;
}

for (const [name, schema] of [["Hello", schemas.hello], ["Request", schemas.request], ["Push", schemas.push]]) {
  const { $defs = {}, ...root } = schema;
  for (const [def, value] of Object.entries($defs)) add(def, shape(value, ""), value.description);
  add(name, shape(root, ""), root.description);
}

const types = [...named].sort(([one], [two]) => (one < two ? -1 : 1)).map(
  ([name, { text, description }]) => `${comment(description, "")}export type ${name} = ${text};\n`);
const text = `// Made by \`cargo xtask types\` from the server's schemas; not to be edited.

import type { Json, Numeric } from "./json.js";

/** The version of the protocol that is spoken. */
export const VERSION = ${schemas.version};

${types.join("\n")}`;

const file = place("src/protocol.ts");
if (!process.argv.includes("--check")) {
  writeFileSync(file, text);
} else if (readFileSync(file, "utf8") !== text) {
  console.error("src/protocol.ts is not what protocol.json says: run `cargo xtask types`");
  process.exit(1);
}

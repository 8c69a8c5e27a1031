// The messages of this site that a text has links to. Pure.

import type { protocol } from "@kith/client";
import type { Block, Inline } from "../../lib/markdown/ast.js";
import { parseOnce } from "../../lib/markdown/parse.js";
import { parseRoute, pathWithin, type Route } from "../model/route.js";

/** Messages of one text that are shown beneath it. */
const SHOWN_MAX = 3;

/** A message that is linked to, and where the link goes. */
export interface Linked {
  readonly stream: protocol.StreamId;
  readonly seq: protocol.Seq;
  readonly route: Route;
}

/** The first few that are linked to, each once; what a spoiler hides is not among them. */
export function linkedIn(text: string, origin: string): readonly Linked[] {
  // Most texts have none, and to see that takes nothing.
  if (!text.includes("/s/")) return [];
  const found = new Map<string, Linked>();
  for (const href of hrefsOf(parseOnce(text))) {
    const path = pathWithin(href, origin);
    const route = path === undefined ? undefined : parseRoute(path);
    if (route?.at !== "stream") continue;
    const seq = route.message ?? route.thread;
    if (seq !== undefined && found.size < SHOWN_MAX) found.set(`${route.stream} ${seq}`, { stream: route.stream, seq, route });
  }
  return [...found.values()];
}

function hrefsOf(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => {
    switch (block.is) {
      case "paragraph":
      case "heading":
        return inlineHrefs(block.of);
      case "quote":
        return hrefsOf(block.of);
      case "list":
        return block.items.flatMap((item) => hrefsOf(item.of));
      case "table":
        return [block.head, ...block.rows].flat().flatMap(inlineHrefs);
      case "code":
      case "rule":
        return [];
    }
  });
}

function inlineHrefs(nodes: readonly Inline[]): string[] {
  return nodes.flatMap((node) => {
    switch (node.is) {
      case "link":
        return [node.href];
      case "strong":
      case "em":
      case "del":
        return inlineHrefs(node.of);
      default:
        return [];
    }
  });
}

// Topics as the tree that their names make, flattened to the rows that are shown.

import type { protocol } from "@kith/client";

/** One line of the tree. */
export type Row =
  | { is: "folder"; path: string; name: string; depth: number; count: number; open: boolean }
  | { is: "topic"; path: string; name: string; depth: number; topic: protocol.Topic };

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly topics: protocol.Topic[];
  count: number;
}

const empty = (): Folder => ({ folders: new Map(), topics: [], count: 0 });

/** The topics whose names have all words of `search` in them, whatever the case. */
export function found(topics: readonly protocol.Topic[], search: string): readonly protocol.Topic[] {
  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return topics;
  return topics.filter(({ name, holds }) => {
    const text = `${name.toLowerCase()} ${holds}`;
    return words.every((word) => text.includes(word));
  });
}

/** The rows for `topics`, folders before the topics beside them; what is below `closed` is left out. */
export function rows(topics: readonly protocol.Topic[], closed: ReadonlySet<string>): Row[] {
  const root = empty();
  for (const topic of topics) {
    let folder = root;
    for (const step of topic.name.split("/").slice(0, -1)) {
      let next = folder.folders.get(step);
      if (next === undefined) folder.folders.set(step, (next = empty()));
      next.count += 1;
      folder = next;
    }
    folder.topics.push(topic);
  }
  const all: Row[] = [];
  put(root, "", 0, closed, all);
  return all;
}

function put(folder: Folder, above: string, depth: number, closed: ReadonlySet<string>, all: Row[]): void {
  const names = [...folder.folders.keys()].sort(compare);
  for (const name of names) {
    const inner = folder.folders.get(name) as Folder;
    const path = `${above}${name}/`;
    const open = !closed.has(path);
    all.push({ is: "folder", path, name, depth, count: inner.count, open });
    if (open) put(inner, path, depth + 1, closed, all);
  }
  for (const topic of [...folder.topics].sort((one, other) => compare(one.name, other.name))) {
    all.push({ is: "topic", path: topic.name, name: topic.name.slice(above.length), depth, topic });
  }
}

/** `item 9` comes before `item 10`. */
const { compare } = new Intl.Collator("en", { numeric: true });

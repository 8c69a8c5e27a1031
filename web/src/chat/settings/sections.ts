// Pages with sections at their side: which there are, and what is found in them by a word. Pure.

import type { Key } from "../../lib/i18n/late.js";
import type { IconNode } from "../../lib/ui/icons.js";

export interface Section {
  /** Its part of the address. */
  readonly part: string;
  readonly title: Key;
  readonly icon: IconNode;
  /** What is in it: what one may look for. */
  readonly about: readonly Key[];
}

export interface Found {
  readonly section: Section;
  /** What in it has the word; nothing where its title has. */
  readonly what: readonly string[];
}

/** The sections that have a word in their title or in what is in them; all without a word. */
export function find(sections: readonly Section[], word: string, say: (key: Key) => string): readonly Found[] {
  const wanted = word.trim().toLocaleLowerCase();
  const has = (text: string) => text.toLocaleLowerCase().includes(wanted);
  return sections.flatMap((section): Found[] => {
    if (wanted === "") return [{ section, what: [] }];
    const what = [...new Set(section.about.map(say).filter(has))];
    return what.length > 0 || has(say(section.title)) ? [{ section, what }] : [];
  });
}

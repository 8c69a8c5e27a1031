// What is offered while one writes: people, streams, emoji, commands.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../../lib/i18n/index.svelte.js";
import type { Completion, Sign, Source } from "../../lib/composer/complete.js";
import { loadEmoji, skinTone, toned } from "../../lib/emoji/index.svelte.js";
import { best } from "../../lib/switcher/fuzzy.js";
import { COMMANDS } from "../model/command.js";
import { nameOf } from "../model/people.js";
import { permissionsOf } from "../model/rights.js";
import { pathOf } from "../model/route.js";
import type { Site } from "../model/site.js";
import type { StreamModel } from "../model/stream.js";
import type { Commander } from "./commander.svelte.js";

/** Completions that are looked for. */
const FOUND_MAX = 8;

/** Names that a sign before them means. */
const NAMED = /^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}])?$/u;

/** Users whose names are known. */
type Known = ReadonlyMap<protocol.UserId, protocol.User>;

/** Where completions come from in a stream; commands only where there is what gives them. */
export function sourcesIn(site: Site, stream: StreamModel, known: Known, commander?: Commander): Readonly<Partial<Record<Sign, Source>>> {
  const { circle } = stream;
  return {
    "@": (typed) => people(site, stream, known, typed),
    ...(circle === undefined ? {} : { "#": (typed: string) => {
      const all = get(circle.streams).flatMap(({ id, info: { name } }) => (name === undefined ? [] : [{ id, name }]));
      return best(typed, all, ({ name }) => name, FOUND_MAX).map(({ item: { id, name } }): Completion => {
        // A name of several words ends at the first: such a stream is meant by its address.
        return { label: `#${name}`, put: NAMED.test(name) ? `#${name}` : `[#${name.replace(/[[\]]/g, "")}](${location.origin}${pathOf({ at: "stream", stream: id })})` };
      });
    } }),
    ...(commander === undefined || circle === undefined ? {} : { "/": async (typed: string) => {
      const cards = await commander.list();
      const named = cards.map((card) => ({ ...card, name: card.name.slice(COMMANDS.length) }));
      return best(typed, named, ({ name }) => name, FOUND_MAX).map(({ item: { name, hint, about } }): Completion => {
        const detail = [hint, about].filter((one) => one !== undefined).join(" · ");
        return { label: `/${name}`, put: `/${name}`, ...(detail === "" ? {} : { detail }) };
      });
    } }),
    ":": async (typed) => {
      const set = await loadEmoji();
      return set.search(typed, FOUND_MAX).map((emoji): Completion => {
        const one = toned(emoji, skinTone());
        // By the name that is being typed, where it has several.
        const code = emoji.codes.find((code) => code.startsWith(typed.toLowerCase())) ?? emoji.codes[0] ?? "";
        return { label: `:${code}:`, put: one, emoji: one };
      });
    },
  };
}

async function people(site: Site, stream: StreamModel, known: Known, typed: string): Promise<readonly Completion[]> {
  const users = (await whoReads(stream)).flatMap((id) => (id === site.me ? [] : known.get(id) ?? []));
  const found = best(typed, users, (user) => `${user.name} ${nameOf(user, stream.circle?.nickname(user.id))}`, FOUND_MAX);
  const offered = found.map(({ item }): Completion => {
    const name = nameOf(item, stream.circle?.nickname(item.id));
    return { label: name, detail: `@${item.name}`, put: `@${item.name}`, avatar: { name, id: item.id, src: site.avatar(item) } };
  });
  const { circle } = stream;
  const may = circle === undefined ? undefined : permissionsOf(get(circle.circle), get(circle.member), Date.now(), stream.info.deny);
  if (circle === undefined || may?.has("mention_all") !== true || typed === "") return offered;
  const begun = (name: string) => name.toLowerCase().startsWith(typed.toLowerCase());
  if (begun("everyone")) offered.push({ label: "everyone", detail: t("write.everyone"), put: "@everyone" });
  const { roles, everyone } = get(circle.circle);
  for (const [id, { name }] of Object.entries(roles)) {
    if (id !== everyone && NAMED.test(name) && begun(name)) offered.push({ label: name, detail: t("write.role"), put: `@${name}` });
  }
  return offered;
}

/** Those who can be meant, as far as they were told. */
async function whoReads({ circle, info }: StreamModel): Promise<readonly protocol.UserId[]> {
  if (circle !== undefined && get(circle.members).size === 0) await circle.list();
  // Who came while there was no connection is offered to whoever types on.
  else circle?.learnMembers().catch(() => {});
  if (circle !== undefined) return [...get(circle.members).keys()];
  return info.kind === "channel" ? [] : info.users;
}

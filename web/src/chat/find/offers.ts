// What is offered while somebody types a search: filters, and values for them.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../../lib/i18n/late.js";
import { best } from "../../lib/switcher/fuzzy.js";
import { nameOf } from "../model/people.js";
import type { Site } from "../model/site.js";
import { faceIn, faceOf, type Face } from "../names.js";
import { DAYS, FILTERS, HAS, IS, quoted, type Filter, type Typed } from "./typed.js";

/** Something to put in the place of what was typed. */
export interface Offer {
  readonly label: string;
  readonly detail?: string;
  readonly put: string;
  readonly avatar?: Face;
}

const OFFERED_MAX = 8;
/** Of these nothing can be left out with a `-`. */
const NEVER_OUT: readonly Filter[] = ["before", "after", "on"];

/** What a filter is for. */
export const aboutFilter = (filter: Filter): string => t(`find.filter_${filter}`);

/** What the word at the caret can become. */
export function offersFor(site: Site, typed: Typed): readonly Offer[] {
  const { filter, value, sign } = typed;
  if (filter === undefined) {
    if (value === "" && sign === "") return [];
    const can = FILTERS.filter((one) => one.startsWith(value.toLowerCase()) && !(sign === "-" && NEVER_OUT.includes(one)));
    return can.map((one) => ({ label: `${sign}${one}:`, detail: aboutFilter(one), put: `${sign}${one}:` }));
  }
  const put = (what: string) => `${sign}${filter}:${quoted(what)}`;
  const words = (all: readonly string[]) => all.filter((one) => one.startsWith(value.toLowerCase()))
    .map((one): Offer => ({ label: one, detail: t(`find.value_${one}` as "find.value_link"), put: put(one) }));
  switch (filter) {
    case "from": return people(site, value).map((offer) => ({ ...offer, put: put(offer.put) }));
    case "in": return best(value, placesOf(site), ({ label, detail = "" }) => `${label} ${detail}`, OFFERED_MAX).map(({ item }) => ({ ...item, put: put(item.put) }));
    case "has": return words(HAS);
    case "is": return words(IS);
    default: return words(DAYS);
  }
}

function people(site: Site, typed: string): readonly Offer[] {
  const others = [...get(site.people.users).values()].filter(({ id }) => id !== site.me);
  const found = best(typed, others, (user) => `${user.name} ${nameOf(user)}`, OFFERED_MAX - 1);
  const all = found.map(({ item }): Offer => ({ label: nameOf(item), detail: `@${item.name}`, put: item.name, avatar: faceOf(site, item) }));
  const me = site.people.get(site.me);
  const isMe = me !== undefined && ["me", me.name, nameOf(me)].some((one) => one.toLowerCase().startsWith(typed.toLowerCase()));
  return isMe ? [{ label: nameOf(me), detail: t("find.me"), put: "me", avatar: faceOf(site, me) }, ...all] : all;
}

/** Circles, streams and conversations, by names that mean one alone. */
function placesOf(site: Site): readonly Offer[] {
  const all: Offer[] = [];
  const circles = get(site.circles);
  const users = get(site.people.users);
  const names = new Map<string, number>();
  const count = (name: string) => names.set(name.toLowerCase(), (names.get(name.toLowerCase()) ?? 0) + 1);
  const streams = circles.flatMap((circle) => get(circle.streams).map((stream) => ({ circle: get(circle.circle), stream, name: stream.info.name ?? "" })));
  for (const { name } of streams) count(name);
  for (const circle of circles) count(get(circle.circle).name);
  const isAlone = (name: string) => names.get(name.toLowerCase()) === 1 && !/[/#@]/.test(name);
  for (const { circle, stream, name } of streams) {
    const [of, by] = [circle.name, stream.id];
    const long = /[/"]/.test(`${of}${name}`) ? by : `${of}/${name}`;
    all.push({ label: `#${name}`, detail: of, put: isAlone(name) && !name.includes('"') ? name : long });
  }
  for (const circle of circles) {
    const { name } = get(circle.circle);
    all.push({ label: name, detail: t("find.whole_circle"), put: isAlone(name) && !name.includes('"') ? name : circle.id, avatar: { name, id: circle.id, src: site.icon(get(circle.circle)), square: true } });
  }
  for (const stream of get(site.conversations)) {
    const avatar = faceIn(site, stream, users);
    const other = users.get(avatar.id as protocol.UserId);
    if (other !== undefined) all.push({ label: avatar.name, detail: `@${other.name}`, put: `@${other.name}`, avatar });
    else if (stream.info.name !== undefined) all.push({ label: avatar.name, put: stream.id, avatar });
  }
  return all;
}

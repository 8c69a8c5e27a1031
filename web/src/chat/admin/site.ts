// The site as administrators see it: its settings, what it takes of the disk, who may come, its circles.

import type { Client, protocol } from "@kith/client";
import { writable, type Readable, type Writable } from "svelte/store";
import { Paged } from "../model/paged.js";
import type { Site } from "../model/site.js";
import { Vitals } from "./vitals.js";

const PAGE = 50;

export class Administered {
  /** How it is, as far as it was told; `undefined` before. */
  readonly of: Readable<protocol.Site | undefined>;

  readonly #of: Writable<protocol.Site | undefined> = writable();

  constructor(private readonly site: { readonly client: Pick<Client, "query" | "command"> }) {
    this.of = this.#of;
  }

  /** Asks how it is; rejects where that is refused. */
  async load(): Promise<void> {
    this.#of.set(await this.site.client.query({ site: {} }));
  }

  /** Says who may make an account, and asks how it is then, also where that was refused. */
  async setRegistration(registration: protocol.Registration): Promise<void> {
    try {
      await this.site.client.command({ change_site: { registration } });
    } finally {
      await this.load();
    }
  }
}

/** How an operator sets something that has this value: in the file, as a variable, and when the server is started. */
export function waysToSet(key: string, value: protocol.Setting["value"]): readonly string[] {
  // A secret is not shown, and others on the machine would see the arguments of a program.
  if (key.endsWith(".secret_key")) return [`${key} = "…"`, `${variable(key)}=…`];
  const said = typeof value === "string" ? value : JSON.stringify(value);
  return [`${key} = ${JSON.stringify(value)}`, `${variable(key)}=${quoted(said)}`, `kith serve --set ${quoted(`${key}=${said}`)}`];
}

function variable(key: string): string {
  return `KITH_${key.replaceAll(".", "__").toUpperCase()}`;
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** All circles, in the order of their ids. */
export function allCircles({ client, people }: Pick<Site, "client" | "people">): Paged<protocol.SizedCircle> {
  return new Paged(async (last) => {
    const { circles, more } = await client.query({ all_circles: { limit: PAGE, ...(last === undefined ? {} : { after: last.id }) } });
    return { items: circles, more };
  }, (circles) => people.want(circles.map(({ owner }) => owner)));
}

/** How the server does, asked again and again while it runs. */
export function vitalsOf({ client }: Pick<Site, "client">): Vitals {
  return new Vitals(() => client.query({ health: {} }));
}

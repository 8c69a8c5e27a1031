import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { expect, test } from "vitest";
import { Accounts, type Asked } from "./accounts.js";

/** A server with accounts of these names, which tells as many as it is asked for. */
function server(names: readonly string[]) {
  const accounts: protocol.AccountCard[] = names.map((name) => ({ user: { id: `u_${name}`, name, display_name: name, created_at: 1 }, password: true, sessions: 1, circles: 0 }));
  const held: (() => void)[] = [];
  const client = {
    query: async ({ accounts: { begin = "", after = "", limit = 50 } }: { accounts: { begin?: string; after?: string; limit?: number } }) => {
      const all = accounts.filter(({ user }) => user.name.startsWith(begin) && user.name > after);
      const answer = { accounts: structuredClone(all.slice(0, limit)), more: all.length > limit };
      if (begin === "slow") await new Promise<void>((go) => held.push(go));
      return answer;
    },
    command: (command: { set_disabled?: { user: string; disabled: boolean } }) => {
      const { user, disabled } = command.set_disabled ?? { user: "", disabled: false };
      const one = accounts.find((account) => account.user.id === user);
      if (one !== undefined) Object.assign(one, { user: { ...one.user, disabled }, sessions: 0 });
      return Promise.resolve({ code: "secret" });
    },
  } as unknown as Asked;
  return { accounts: new Accounts({ client }), held };
}
const names = (accounts: Accounts) => get(accounts.found)?.map(({ user }) => user.name);

test("accounts are found by the beginning of their names, a part at a time", async () => {
  const many = Array.from({ length: 70 }, (_, count) => `a${String(count).padStart(2, "0")}`);
  const { accounts } = server([...many, "bob"]);
  await accounts.search(" a");
  expect([names(accounts)?.length, get(accounts.more)]).toEqual([50, true]);
  await accounts.next();
  expect(names(accounts)).toEqual(many);
  expect(get(accounts.more)).toBe(false);
  await accounts.search("bo");
  expect(names(accounts)).toEqual(["bob"]);
});

test("an answer that comes after one asked for something else is not shown", async () => {
  const { accounts, held } = server(["ana", "slowpoke"]);
  const slow = accounts.search("slow");
  await accounts.search("ana");
  held[0]?.();
  await slow;
  expect(names(accounts)).toEqual(["ana"]);
});

test("what was done to an account is seen in the list", async () => {
  const { accounts } = server(["ana", "anabel"]);
  await accounts.search("");
  const [ana] = get(accounts.found) ?? [];
  if (ana === undefined) throw new Error("ana is not there");
  await accounts.setDisabled(ana, true);
  expect(get(accounts.found)?.map(({ user, sessions }) => [user.name, user.disabled ?? false, sessions])).toEqual([["ana", true, 0], ["anabel", false, 1]]);
  expect(await accounts.offerReset(ana)).toBe("secret");
});

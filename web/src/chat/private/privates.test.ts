import { KithError, type protocol } from "@kith/client";
import type { PrivateEvent } from "@kith/client/private";
import { writable } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Site } from "../model/site.js";
import { Privates } from "./privates.svelte.js";

/** What was asked of the sessions, which the test answers. */
const sessions = vi.hoisted(() => ({ said: [] as string[], hear: (_: unknown) => {}, starts: 0, refuses: undefined as unknown, invites: undefined as unknown }));
vi.mock("@kith/client/private", () => {
  const say = (what: string) => (...of: unknown[]) => void sessions.said.push([what, ...of.filter((one) => typeof one !== "object")].join(" "));
  return {
    MemoryKeep: class { blob = new Blob(["tea"]); },
    Private: {
      start: async () => {
        sessions.starts += 1;
        if (sessions.refuses !== undefined) throw sessions.refuses;
        return {
          on: (hear: (event: unknown) => void) => (sessions.hear = hear),
          invite: async (user: string, way: string) => {
            sessions.said.push(`invite ${user} ${way}`);
            if (sessions.invites !== undefined) throw sessions.invites;
            return "1";
          },
          accept: async (id: string, way: string) => void sessions.said.push(`accept ${id} ${way}`),
          verify: async (id: string) => void sessions.said.push(`verify ${id}`),
          canRelay: async () => true,
          sendFile: (id: string, _: Blob, name: string) => (sessions.said.push(`send ${id} ${name}`), 1),
          end: say("end"), message: say("message"), typing: say("typing"), takeFile: say("take"), refuseFile: say("refuse"), withdrawFile: say("withdraw"), block: say("block"), reconnect: say("reconnect"), close: say("close"),
        };
      },
    },
  };
});

type What = Record<string, object>;
const BOB = "u_bob";

/** Ana's sessions, with a connection. */
async function world() {
  const connection = writable({ state: "online" });
  const blocked = writable(new Set<protocol.UserId>());
  const happened: string[] = [];
  const site = { connection, blocked, client: {}, people: { want: () => {} } } as unknown as Site;
  const privates = new Privates(site, { looksAt: () => false, happened: (_, event) => happened.push(Object.keys(event).find((key) => key !== "id") ?? "") });
  await vi.waitUntil(() => privates.able !== "starting");
  const tell = (what: What, id = "1") => sessions.hear({ id, ...what } as unknown as PrivateEvent);
  const connect = () => {
    tell({ invited: { user: BOB } });
    tell({ agreed: { user: BOB, words: [], trust: "first" } });
    tell({ connected: {} });
  };
  return { privates, tell, connect, connection, blocked, happened, stage: () => privates.talk(BOB)?.stage };
}

beforeEach(() => {
  Object.assign(sessions, { said: [], starts: 0, refuses: undefined, invites: undefined });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("removeEventListener", () => {});
  vi.stubGlobal("location", { origin: "https://kith.example" });
  vi.stubGlobal("RTCPeerConnection", class {});
  vi.stubGlobal("indexedDB", {});
});
afterEach(() => void vi.unstubAllGlobals());

test("one who invites is told of by what they want, and is talked to once both agreed", async () => {
  const { privates, tell, connect, happened, stage } = await world();
  expect(privates.able).toBe("yes");
  connect();
  tell({ message: { text: "tea?" } });
  privates.say(BOB, "yes");
  expect([stage(), privates.talk(BOB)?.unread, happened]).toEqual(["connected", 1, ["invited", "agreed", "connected", "message"]]);
  privates.saw(BOB);
  expect([privates.talk(BOB)?.unread, sessions.said]).toEqual([0, ["message 1 yes"]]);
});

test("an invitation that is refused leaves what there was", async () => {
  const { privates, stage } = await world();
  sessions.invites = new KithError({ code: "user.blocked", message: "no" });
  await expect(privates.invite(BOB, "direct" as never)).rejects.toThrow("no");
  expect(stage()).toBeUndefined();
});

test("of two invitations that cross one is accepted", async () => {
  const { privates, tell, stage } = await world();
  tell({ invited: { user: BOB } }, "9");
  await privates.invite(BOB, "relay" as never);
  expect([stage(), sessions.said]).toEqual(["invited", ["accept 9 relay"]]);
});

test("whoever is invited already is not invited again", async () => {
  const { privates, stage } = await world();
  await privates.invite(BOB, "relay" as never);
  await privates.invite(BOB, "relay" as never);
  expect([stage(), privates.talk(BOB)?.id, sessions.said]).toEqual(["inviting", "1", ["invite u_bob relay"]]);
});

test("a file is there once it was taken and is whole, and gone when it is forgotten", async () => {
  const { privates, tell, connect } = await world();
  connect();
  tell({ offered: { file: 4, name: "leaf.txt", size: 3 } });
  await privates.take(BOB, 4);
  const key = privates.talk(BOB)?.lines.find((line) => line.is === "file")?.key ?? -1;
  expect([sessions.said, privates.taken(BOB, key)]).toEqual([["take 1 4"], undefined]);
  tell({ whole: { file: 4, ours: false } });
  expect(privates.taken(BOB, key)).toHaveProperty("blob");
  privates.forget(BOB);
  expect(privates.taken(BOB, key)).toBeDefined();
  tell({ ended: { user: BOB, why: "ended" } });
  privates.forget(BOB);
  expect([privates.taken(BOB, key), privates.talk(BOB)]).toEqual([undefined, undefined]);
});

test("that one writes is told now and then, and what is said tells it anew", async () => {
  const { privates, connect } = await world();
  privates.typing(BOB);
  connect();
  privates.typing(BOB);
  privates.typing(BOB);
  privates.say(BOB, "x");
  privates.typing(BOB);
  expect(sessions.said).toEqual(["typing 1", "message 1 x", "typing 1"]);
});

test("who is blocked is talked to no longer, and what ends lets everything go", async () => {
  const { privates, connect, blocked } = await world();
  connect();
  blocked.set(new Set([BOB]));
  privates.end();
  expect([sessions.said, privates.talk(BOB)]).toEqual([["block u_bob", "close"], undefined]);
});

test("words that were the same are remembered, and of nobody nothing can be said", async () => {
  const { privates, connect } = await world();
  expect(() => privates.say(BOB, "x")).toThrow("no such private session");
  connect();
  await privates.verify(BOB);
  expect(privates.talk(BOB)?.trust).toBe("verified");
});

test("what the browser lacks and what the server refuses are told apart, and it is tried again with the next connection", async () => {
  sessions.refuses = new KithError({ code: "private.off", message: "no" });
  const { privates, connection } = await world();
  expect(privates.able).toBe("refused");
  sessions.refuses = undefined;
  connection.set({ state: "online" });
  await vi.waitUntil(() => privates.able !== "refused");
  expect([privates.able, sessions.starts]).toEqual(["yes", 2]);
  vi.stubGlobal("RTCPeerConnection", undefined);
  Reflect.deleteProperty(globalThis, "RTCPeerConnection");
  expect((await world()).privates.able).toBe("unsupported");
});

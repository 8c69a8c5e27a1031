import { get } from "svelte/store";
import { expect, test } from "vitest";
import { fake, refusal, type Answers } from "./fake.js";
import { Inbox } from "./inbox.js";
import type { Site } from "./site.js";

const entry = (seq: number) => ({ stream: "s_tea", unread: true, message: { seq, author: `u_${seq}`, at: 0, text: "" } });

function world(answers: Answers) {
  const of = fake(answers);
  const wanted: string[] = [];
  const site = { client: of.client, people: { want: (users: string[]) => wanted.push(...users) } } as unknown as Site;
  return { inbox: new Inbox(site), said: of.said, wanted };
}
const shown = (inbox: Inbox) => get(inbox.entries).map(({ message }) => message.seq);

test("earlier entries follow those that are there, from where the server said", async () => {
  const { inbox, said, wanted } = world({ inbox: ({ before }: { before?: object }) => (before === undefined ? { entries: [entry(9)], next: { at: 9 } } : { entries: [entry(3)] }) });
  await inbox.load(false);
  expect([shown(inbox), get(inbox.more)]).toEqual([[9], true]);
  await inbox.next();
  expect([shown(inbox), get(inbox.more), wanted]).toEqual([[9, 3], false, ["u_9", "u_3"]]);
  expect(said.map(([, of]) => of)).toEqual([{}, { before: { at: 9 } }]);
});

test("what is wished otherwise meanwhile is what is shown, whichever answer comes last", async () => {
  const held: (() => void)[] = [];
  const { inbox, said } = world({ inbox: async ({ unread }: { unread?: boolean }) => {
    if (unread !== true) await new Promise<void>((go) => held.push(go));
    return { entries: [entry(unread === true ? 1 : 2)] };
  } });
  const all = inbox.load(false);
  await inbox.load(true);
  held.forEach((go) => go());
  await all;
  expect([shown(inbox), get(inbox.busy)]).toEqual([[1], false]);
  expect(said.at(-1)).toEqual(["inbox", { unread: true }]);
});

test("why there is no answer is told, and what was there stays", async () => {
  let fails = false;
  const { inbox } = world({ inbox: () => {
    if (fails) throw refusal("server.busy");
    return { entries: [entry(9)], next: { at: 9 } };
  }, threads: () => ({ threads: [{ stream: "s_tea", thread: 4 }] }) });
  await inbox.load(false);
  fails = true;
  await inbox.next();
  expect([shown(inbox), (get(inbox.failed) as Error).message]).toEqual([[9], "refused: server.busy"]);
  await inbox.loadThreads();
  expect(get(inbox.threads)).toHaveLength(1);
});

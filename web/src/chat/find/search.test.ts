import { expect, test } from "vitest";
import { fake, refusal, type Answers } from "../model/fake.js";
import type { Site } from "../model/site.js";
import { Search } from "./search.svelte.js";

const hit = (seq: number) => ({ stream: "s_tea", message: { seq, author: `u_${seq}`, at: 0, text: "" }, snippet: [] });

function world(answers: Answers) {
  const { client, said } = fake(answers);
  const wanted: string[] = [];
  const site = { client, people: { want: (users: string[]) => wanted.push(...users) } } as unknown as Site;
  return { search: new Search(site), wanted, asked: () => said.map(([, of]) => of as { text: string; after?: string }) };
}
const question = (text: string, within?: "s_tea") => ({ text, order: "rank" as const, within });
const shown = ({ hits }: Search) => hits.map(({ message }) => message.seq);

test("hits follow those that were found, from where the server said, until there are no more", async () => {
  const { search, asked, wanted } = world({ search: ({ after }: { after?: string }) => (after === undefined ? { hits: [hit(9)], next: "9" } : { hits: [hit(3)] }) });
  await search.ask(question("tea"));
  expect([shown(search), search.more]).toEqual([[9], true]);
  await search.next();
  await search.next();
  expect([shown(search), search.more, wanted]).toEqual([[9, 3], false, ["u_9", "u_3"]]);
  expect(asked().map(({ after }) => after)).toEqual([undefined, "9"]);
});

test("within a stream only that is looked through, and nothing is asked where nothing is looked for", async () => {
  const { search, asked } = world({ search: () => ({ hits: [hit(1)], behind: true }) });
  await search.ask(question("tea", "s_tea"));
  expect([asked()[0]?.text, search.behind]).toEqual(["in:s_tea tea", true]);
  await search.ask(question(""));
  expect([asked().length, shown(search), search.question, search.behind, search.busy]).toEqual([1, [], undefined, false, false]);
});

test("the answer to what was asked before is of no use", async () => {
  const held: (() => void)[] = [];
  const { search } = world({ search: async ({ text }: { text: string }) => {
    if (text === "slow") await new Promise<void>((go) => held.push(go));
    return { hits: [hit(text === "slow" ? 1 : 2)] };
  } });
  const slow = search.ask(question("slow"));
  await search.ask(question("quick"));
  held.forEach((go) => go());
  await slow;
  expect([shown(search), search.busy, search.question?.text]).toEqual([[2], false, "quick"]);
});

test("why a search is refused is said in words, and what was found before is kept where more was asked for", async () => {
  let code = "search.unknown_filter";
  const { search } = world({ search: ({ after }: { after?: string }) => {
    if (after !== undefined || code !== "") throw refusal(code);
    return { hits: [hit(9)], next: "9" };
  } });
  await search.ask(question("form:ana"));
  expect(search.failed).not.toContain("refused");
  expect(search.failed).not.toBe("");
  code = "";
  await search.ask(question("tea"));
  code = "server.odd";
  await search.next();
  expect([shown(search), search.failed, search.busy]).toEqual([[9], "Refused: server.odd.", false]);
});

test("so many hits are held, and no more", async () => {
  let from = 0;
  const { search } = world({ search: () => ({ hits: Array.from({ length: 400 }, () => hit((from += 1))), next: "x" }) });
  await search.ask(question("tea"));
  await search.next();
  expect(search.more).toBe(true);
  await search.next();
  expect(search.more).toBe(false);
});

// What unmodified clients of Yjs do with the real server: `node scenarios.mjs NAME`.
import { Y, WebSocket, ask, done, end, equal, named, native, plain, same, server, synced, topic, until, world } from "./lib.mjs";

const { ana, bob, cyd, circle } = world;

const scenarios = {
  async edits_meet_across_all_clients() {
    // Whoever may make topics makes it by opening it.
    const first = plain("notes/tea", ana);
    await synced(first);
    const all = [first, plain("notes/tea", bob, { old: true }), named("notes/tea", ana), named("notes/tea", bob)];
    await synced(...all);
    all.forEach((client, place) => client.text.insert(0, `${place}`));
    await until("all edits", () => all.every((client) => client.text.length === 4));
    const text = all[0].text.toString();
    await same(text, ...all);
    all[1].text.delete(1, 2);
    await until("a deletion", () => all.every((client) => client.text.length === 2));
    await until("all is saved", () => all[2].saved() && all[3].saved());
    // What is in it is not for the server to know: marks, values, trees.
    const map = all[0].doc.getMap("map");
    map.set("list", new Y.Array());
    map.get("list").push([1, { deep: [null, "é"] }, new Uint8Array([1, 2])]);
    all[2].text.format(0, 1, { bold: true });
    const xml = all[3].doc.getXmlFragment("xml");
    xml.insert(0, [new Y.XmlElement("p")]);
    const tree = (client) => JSON.stringify([client.doc.getMap("map").toJSON(), client.doc.getXmlFragment("xml").toString(), client.text.toDelta()]);
    await until("one document", () => new Set(all.map(tree)).size === 1 && tree(all[1]).includes("bold"));
    const late = plain("notes/tea", bob);
    await synced(late);
    equal(tree(late), tree(all[0]), "somebody who comes late");
    const { text: told, topic: made } = await done("GET", `/topics/${(await topic("notes/tea")).id}`, bob);
    equal([told, made.holds], [all[0].text.toString(), "text"], "who speaks no Yjs");
  },

  async programs_without_yjs_write_too() {
    const made = await done("POST", `/circles/${circle}/topics`, ana, { name: "plain", holds: "text", value: "tea é😀" });
    const id = made.topic;
    const client = plain("plain", ana);
    await synced(client);
    equal(client.text.toString(), "tea é😀", "the first text");
    const splice = (change) => done("POST", "/topics/changes", bob, { changes: [{ topic: id, change: { splice: change } }] });
    await splice({ at: 3, insert: "s," });
    await same("teas, é😀", client);
    client.text.insert(0, "two ");
    await until("the edit of the client", async () => (await done("GET", `/topics/${id}`, bob)).text === "two teas, é😀");
    const { seq } = await done("GET", `/topics/${id}`, bob);
    await splice({ at: 9, delete: 2, insert: "!" });
    // Counted before that, and so in front of it.
    await splice({ at: 4, delete: 4, insert: "coffees", after: seq });
    await same("two coffees,!😀", client);
    for (const [change, code] of [
      [{ splice: { at: 99 } }, "topic.out_of_range"],
      [{ splice: { at: 14 } }, "topic.out_of_range"],
      [{ splice: { at: 0, after: 9999 } }, "topic.stale"],
      [{ update: { updates: ["AQ=="] } }, "topic.bad_update"],
      [{ set: { value: "x" } }, "topic.wrong_change"],
    ]) {
      const refused = await ask("POST", "/topics/changes", bob, { changes: [{ topic: id, change }] });
      equal(refused.body.code, code, JSON.stringify(change));
    }
  },

  async cursors_are_seen_until_their_editor_leaves() {
    const one = plain("cursors", ana);
    await synced(one);
    const [two, three] = [named("cursors", bob), plain("cursors", bob, { old: true })];
    await synced(two, three);
    const sees = (client, other) => client.awareness.getStates().get(other.doc.clientID)?.user;
    one.awareness.setLocalStateField("user", "ana");
    two.awareness.setLocalStateField("user", "bob");
    await until("each other", () => sees(two, one) === "ana" && sees(one, two) === "bob" && sees(three, two) === "bob");
    const late = named("cursors", ana);
    await until("who was there before", () => sees(late, one) === "ana" && sees(late, two) === "bob");
    two.close();
    await until("it left", () => [one, three, late].every((client) => sees(client, two) === undefined));
    one.provider.ws.terminate();
    await until("it was cut off", () => sees(late, one) === undefined);
  },

  async programs_and_editors_see_each_other() {
    const editor = plain("both", ana);
    await synced(editor);
    const { id: feed } = await topic("both");
    const program = await native(bob);
    await program.ask({ subscribe: [{ feed }] });
    const show = (state) => program.ask({ signal: { aware: { feed, state } } });
    // What the program shows, with the name that the server knows.
    await show({ cursor: { at: 4 }, user: { name: "root", color: "#123456" } });
    const seen = (client) => [...client.awareness.getStates()].find(([id]) => id >= 2 ** 32);
    await until("the program", () => seen(editor)?.[1].cursor?.at === 4);
    const [number, state] = seen(editor);
    equal(state, { cursor: { at: 4 }, user: { color: "#123456", name: "bob" } }, "the program");
    const late = named("both", ana);
    await until("the program, for who comes late", () => seen(late)?.[1].cursor?.at === 4);
    for (let at = 5; at < 100; at += 1) await show({ cursor: { at } });
    await until("its last state", () => [editor, late].every((client) => seen(client)?.[1].cursor?.at === 99));
    equal(seen(editor)[0], number, "its number");
    // What an editor says of itself, whoever it says to be.
    editor.awareness.setLocalStateField("user", { name: "root", color: "#ff0000" });
    const other = () => program.shown.get(editor.doc.clientID);
    await until("the editor", () => other()?.state.user?.name === "root");
    equal(other().user, program.ana, "whose session it is");
    editor.awareness.setLocalStateField("cursor", { anchor: 1, head: 2 });
    await until("its cursor", () => other()?.state.cursor?.head === 2);
    equal(program.shown.has(number), false, "what the program shows itself");
    // The editor goes, and the program.
    editor.close();
    await until("the editor is gone", () => other() === undefined);
    await show(null);
    await until("nothing is shown", () => seen(late) === undefined);
    await show({ cursor: { at: 1 } });
    await until("it is back", () => seen(late)?.[1].cursor?.at === 1);
    program.close();
    await until("the program is gone", () => seen(late) === undefined);
  },

  async nobody_speaks_for_others() {
    const one = plain("spoof", ana);
    await synced(one);
    const other = plain("spoof", bob);
    await synced(other);
    one.awareness.setLocalStateField("user", "ana");
    const id = one.doc.clientID;
    await until("ana", () => other.awareness.getStates().get(id)?.user === "ana");
    // Bob says as ana that she is gone, and as himself that he is there.
    const { encodeAwarenessUpdate } = await import("y-protocols/awareness");
    other.awareness.meta.set(id, { clock: 1000, lastUpdated: Date.now() });
    other.awareness.states.set(id, { user: "mallory" });
    other.awareness.setLocalStateField("user", "bob");
    const encoded = encodeAwarenessUpdate(other.awareness, [id, other.doc.clientID]);
    other.provider.ws.send(Uint8Array.from([1, ...number(encoded.length), ...encoded]));
    await until("bob", () => one.awareness.getStates().get(other.doc.clientID)?.user === "bob");
    const third = plain("spoof", bob);
    await until("who is there", () => third.awareness.getStates().get(id));
    equal(third.awareness.getStates().get(id).user, "ana", "who ana says that she is");
  },

  async who_may_not_is_not_let_in() {
    const closed = (client) => new Promise((ended) => client.provider.on("closed", ({ code }) => ended(code)));
    equal(await closed(plain("private", "kith_wrong")), 4401, "a wrong token");
    equal(await closed(plain("private", "")), 4401, "no token");
    equal(await closed(plain("private", cyd)), 4403, "somebody who is not in the circle");
    equal(await closed(plain("unmade", bob)), 4403, "a document that is not there and not to be made");
    const wrong = [named("private", "kith_wrong"), named("private", ""), named("private", cyd), named("unmade", bob)];
    await until("denied", () => wrong.every((client) => client.told.denied !== null || client.provider.configuration.websocketProvider.status === "disconnected"));
    equal(wrong.map((client) => client.told.scope), [null, null, null, null], "what they may");
    equal(await topic("unmade"), undefined, "a topic");
    await done("POST", `/circles/${circle}/topics`, ana, { name: "number", holds: "int" });
    equal(await closed(plain("number", ana)), 4403, "a topic that is no text");
    for (const headers of [{ origin: "https://evil.example" }, {}]) {
      const socket = new WebSocket(`${world.ws}/yjs/${circle}/private?token=${ana}`, { headers });
      const answer = await new Promise((answered) => {
        socket.on("unexpected-response", (_, response) => answered(response.statusCode));
        socket.on("open", () => answered(101));
        socket.on("error", () => {});
      });
      equal(answer, headers.origin ? 403 : 101, "a page of somebody else");
      socket.terminate();
    }
    const token = new WebSocket(`${world.ws}/yjs/${circle}/private`, { headers: { authorization: `Bearer ${ana}` } });
    equal((await new Promise((got) => token.on("message", got)))[0], 1, "a sign of life") ;
    token.terminate();
  },

  async who_may_only_read_is_told_so() {
    const writer = named("leaflet", ana);
    await synced(writer);
    writer.text.insert(0, "read me");
    await until("saved", () => writer.saved());
    const { id } = await topic("leaflet");
    await done("PUT", `/topics/${id}/deny`, ana, { deny: { [world.everyone]: ["write"] } });
    const [one, two] = [plain("leaflet", bob), named("leaflet", bob)];
    await synced(one, two);
    await same("read me", one, two);
    await until("let in", () => two.told.scope);
    equal(two.told.scope, "readonly", "what they may");
    two.text.insert(0, "mine ");
    const closed = new Promise((ended) => one.provider.on("closed", ({ code }) => ended(code)));
    one.text.insert(0, "mine ");
    equal(await closed, 4403, "an edit of a reader");
    writer.text.insert(7, "!");
    await until("the reader goes on", () => two.text.toString() === "mine read me!");
    equal([writer.text.toString(), two.provider.unsyncedChanges > 0], ["read me!", true], "who wrote");
  },

  async access_that_is_taken_ends_at_once() {
    const writer = plain("secret", ana);
    await synced(writer);
    const [one, two, open] = [plain("secret", bob), named("secret", bob), named("open", ana)];
    await synced(one, two, open);
    const closed = new Promise((ended) => one.provider.on("closed", ({ code }) => ended(code)));
    const { id } = await topic("secret");
    await done("PUT", `/topics/${id}/deny`, ana, { deny: { [world.everyone]: ["read"] } });
    writer.text.insert(0, "not for bob");
    equal(await closed, 4403, "a reader of one document");
    await until("a reader of many", () => two.told.closed !== null);
    const there = plain("open", bob);
    await synced(there);
    const gone = new Promise((ended) => there.provider.on("closed", ({ code }) => ended(code)));
    await done("DELETE", "/sessions/current", bob);
    equal(await gone, 4401, "a session that has ended");
    open.text.insert(0, "after");
    await until("saved", async () => (await done("GET", `/topics/${(await topic("open")).id}`, ana)).text === "after");
    equal([one.text.toString(), two.text.toString(), there.text.toString()], ["", "", ""], "what they got");
  },

  async nothing_saved_is_lost_when_the_server_is_killed() {
    const one = plain("book", ana);
    await synced(one);
    const [two, three] = [named("book", bob), plain("book", bob, { old: true })];
    await synced(two, three);
    for (let place = 0; place < 300; place++) {
      one.text.insert(place, "a");
      two.text.insert(0, "b");
    }
    // Seen by others, or told to be saved: either is durable.
    await until("saved", () => two.saved() && three.text.length === 600);
    await server("kill");
    // Edits while nobody answers.
    one.text.insert(0, "offline ");
    two.text.delete(0, 300);
    await server("start");
    const fresh = plain("book", ana);
    const all = [one, two, three, fresh];
    await until("all edits", () => all.every((client) => client.text.length === 308));
    const text = one.text.toString();
    equal(text.includes("offline "), true, text);
    await same(text, ...all);
    await until("saved again", () => two.saved());
    await server("kill");
    await server("start");
    const again = named("book", ana);
    await same(text, again);
  },

  async long_documents_are_merged_and_stay_the_same() {
    const one = plain("long", ana);
    await synced(one);
    const two = named("long", bob);
    await synced(two);
    let seed = 7;
    const dice = (sides) => {
      seed = (seed * 48271) % 2147483647;
      return Math.floor((seed / 2147483647) * sides);
    };
    for (let round = 0; round < 30; round++) {
      for (let edit = 0; edit < 500; edit++) {
        const client = dice(2) ? one : two;
        const length = client.text.length;
        if (length > 20 && dice(4) === 0) client.text.delete(dice(length - 5), 1 + dice(4));
        else client.text.insert(dice(length + 1), "xyzéł".repeat(3).slice(0, 1 + dice(9)));
      }
      const state = () => [one, two].map((client) => client.text.toString());
      await until("both have all", () => two.saved() && state()[0] === state()[1]);
    }
    const text = one.text.toString();
    await server("kill");
    await server("start");
    const late = [plain("long", bob), named("long", ana)];
    await same(text, one, two, ...late);
    const { text: told } = await done("GET", `/topics/${(await topic("long")).id}`, bob);
    equal(told === text, true, "the text as the server tells it");
  },
};

function number(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
}

const name = process.argv[2];
try {
  await scenarios[name]();
  console.log("passed");
} catch (error) {
  console.log(`failed: ${error.stack}`);
  process.exitCode = 1;
}
end();
process.exit();

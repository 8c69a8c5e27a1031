// What unmodified clients of Yjs do with the real server: `node scenarios.mjs NAME`.
import { Y, WebSocket, ask, done, end, equal, named, native, plain, same, server, shared_socket, synced, topic, until, world } from "./lib.mjs";

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

  async editors_of_one_page_share_a_connection() {
    const options = { websocketProvider: shared_socket(), sessionAwareness: true };
    // Two of one document, as two panes of a page have it, and one of another.
    const [one, two, notes] = ["pane", "pane", "pane-notes"].map((name) => named(name, ana, options));
    for (const client of [one, two, notes]) client.provider.attach();
    await synced(one, two, notes);
    one.text.insert(0, "tea");
    notes.text.insert(0, "notes");
    const other = plain("pane", bob);
    await same("tea", one, two, other);
    two.text.insert(3, "!");
    await same("tea!", one, two, other);
    await until("all is saved", () => [one, two, notes].every((client) => client.saved()));
    one.awareness.setLocalStateField("user", "ana");
    const seen = (client) => client.awareness.getStates().get(one.doc.clientID)?.user;
    await until("its cursor", () => seen(two) === "ana" && seen(other) === "ana");
    // One pane is closed.
    one.provider.destroy();
    await until("it left", () => seen(two) === undefined && seen(other) === undefined);
    two.text.insert(0, "my ");
    await same("my tea!", two, other);
    other.text.insert(0, "not ");
    await same("not my tea!", two, other);
    equal([one.text.toString(), notes.text.toString()], ["tea!", "notes"], "what was closed, and another");
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
    await done("POST", `/circles/${circle}/topics`, ana, { name: "bare", holds: "json", value: {} });
    equal(await closed(plain("bare", ana)), 4403, "JSON without a document");
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

  async json_is_shared_by_editors_and_programs() {
    const id = await shared("board", { tasks: ["tea"], about: { by: "ana" } });
    const all = [plain("board", ana), plain("board", bob, { old: true }), named("board", ana), named("board", bob)];
    await synced(...all);
    const maps = all.map(({ doc }) => doc.getMap("json"));
    maps[0].get("tasks").push(["milk"]);
    maps[1].get("about").set("for", "bob");
    maps[2].get("tasks").insert(0, [new Y.Map([["deep", new Y.Text("text")]])]);
    maps[3].set("whole", { a: [1, 2] });
    const value = { tasks: [{ deep: "text" }, "tea", "milk"], about: { by: "ana", for: "bob" }, whole: { a: [1, 2] } };
    await until("all edits", () => maps.every((map) => same_json(map.toJSON(), value)));
    await until("saved", () => all[2].saved() && all[3].saved());
    equal(same_json(await json(id), value), true, "who speaks no Yjs");
    // Programs that speak no Yjs change parts of it, while editors go on in others.
    const change = (...changes) =>
      done("POST", "/topics/changes", bob, { changes: changes.map((change) => ({ topic: id, change })) });
    maps[0].get("tasks").get(0).get("deep").insert(4, "!");
    await Promise.all([
      change({ put: { path: ["tasks", 1], value: "Tea" } }, { insert: { value: 1, to: { path: ["tasks", 0] } } }),
      change({ rename: { path: ["about", "by"], key: "from" } }),
      change({ put: { path: ["whole", "a", 2, ], value: { b: null } } }, { remove: { path: ["whole", "a", 0] } }),
    ]);
    const end = {
      tasks: [1, { deep: "text!" }, "Tea", "milk"],
      about: { from: "ana", for: "bob" },
      whole: { a: [2, { b: null }] },
    };
    await until("changes of programs", () => maps.every((map) => same_json(map.toJSON(), end)));
    equal(same_json(await json(id), end), true, "who speaks no Yjs, in the end");
    for (const [refused, code] of [
      [{ put: { path: ["nothing", 1], value: 1 } }, "topic.path_not_found"],
      [{ remove: { path: ["tasks", 9] } }, "topic.out_of_range"],
      [{ set: { value: 7 } }, "topic.wrong_kind"],
      [{ add: { by: 1 } }, "topic.wrong_change"],
      [{ splice: { at: 0, insert: "x" } }, "topic.wrong_change"],
    ]) {
      const answer = await ask("POST", "/topics/changes", bob, { changes: [{ topic: id, change: refused }] });
      equal(answer.body.code, code, JSON.stringify(refused));
    }
    const both = [{ put: { path: ["x"], value: 1 } }, { remove: { path: ["y"] } }];
    const part = await ask("POST", "/topics/changes", bob, { changes: both.map((change) => ({ topic: id, change })) });
    equal([part.body.code, part.body.change], ["topic.path_not_found", 1], "which of the changes");
    equal((await json(id)).x, undefined, "nothing of it is done");
    // Who is at it.
    all[0].awareness.setLocalStateField("user", "ana");
    const sees = (client) => client.awareness.getStates().get(all[0].doc.clientID)?.user === "ana";
    await until("who is there", () => all.every(sees));
    // As it was, and as somebody sees it who comes late.
    equal(same_json((await done("GET", `/topics/${id}?seq=1`, bob)).json, { tasks: ["tea"], about: { by: "ana" } }), true, "at first");
    const late = plain("board", bob);
    await synced(late);
    equal(same_json(late.doc.getMap("json").toJSON(), end), true, "somebody who comes late");
  },

  async who_may_not_change_json_only_reads_it() {
    const id = await shared("leaflet", { read: "me" });
    await done("PUT", `/topics/${id}/deny`, ana, { deny: { [world.everyone]: ["write"] } });
    const [one, two, writer] = [plain("leaflet", bob), named("leaflet", bob), named("leaflet", ana)];
    await synced(one, two, writer);
    await until("let in", () => two.told.scope);
    equal(two.told.scope, "readonly", "what they may");
    const closed = new Promise((ended) => one.provider.on("closed", ({ code }) => ended(code)));
    one.doc.getMap("json").set("mine", 1);
    two.doc.getMap("json").set("mine", 1);
    equal(await closed, 4403, "an edit of a reader");
    const refused = await ask("POST", "/topics/changes", bob, { changes: [{ topic: id, change: { put: { path: ["mine"], value: 1 } } }] });
    equal(refused.body.code, "permission.denied", "a change of a reader");
    writer.doc.getMap("json").set("read", "us");
    await until("the reader goes on", () => two.doc.getMap("json").get("read") === "us");
    equal([await json(id), two.provider.unsyncedChanges > 0], [{ read: "us" }, true], "who wrote");
    const lost = new Promise((ended) => (two.provider.on("close", ({ event }) => ended(event.code))));
    await done("PUT", `/topics/${id}/deny`, ana, { deny: { [world.everyone]: ["read"] } });
    await lost;
    const stranger = plain("leaflet", cyd);
    equal(await new Promise((ended) => stranger.provider.on("closed", ({ code }) => ended(code))), 4403, "a stranger");
  },

  async json_outlives_the_server() {
    const id = await shared("book", { pages: [] });
    const [one, two, three] = [plain("book", ana), named("book", bob), plain("book", bob, { old: true })];
    await synced(one, two, three);
    const pages = (client) => client.doc.getMap("json").get("pages");
    for (let page = 0; page < 200; page++) {
      pages(one).push([new Y.Map([["page", page]])]);
      two.doc.getMap("json").set(`key${page % 7}`, { page });
    }
    await until("saved", () => two.saved() && pages(three).length === 200);
    await server("kill");
    pages(one).insert(0, ["offline"]);
    two.doc.getMap("json").set("offline", true);
    await server("start");
    const fresh = named("book", ana);
    const all = [one, two, three, fresh];
    await until("all edits", () =>
      all.every((client) => pages(client)?.length === 201 && client.doc.getMap("json").get("offline") === true));
    await until("saved again", () => two.saved());
    const value = one.doc.getMap("json").toJSON();
    await server("kill");
    await server("start");
    equal(same_json(await json(id), value), true, "what is left");
    const again = named("book", bob);
    await synced(again);
    equal(same_json(again.doc.getMap("json").toJSON(), value), true, "what an editor has");
  },
};

/** A topic that is JSON with a Yjs document. */
async function shared(name, value) {
  const made = await done("POST", `/circles/${circle}/topics`, ana, { name, holds: "json", rules: { yjs: true }, value });
  return made.topic;
}

/** The value of a topic as somebody reads it who speaks no Yjs. */
const json = async (id) => (await done("GET", `/topics/${id}`, ana)).json;

function same_json(one, two) {
  const sorted = (value) => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1));
    return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
  };
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(two));
}

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

import { writable } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dismiss, toasts } from "../lib/ui/toasts.svelte.js";
import { Drafts } from "./model/drafts.js";
import { storage } from "./model/fake.js";
import { Outbox } from "./model/outbox.js";
import { wasStranded, streamIsGone, wasRemoved } from "./removed.js";

let copied: string[];

beforeEach(() => {
  copied = [];
  vi.stubGlobal("isSecureContext", true);
  vi.stubGlobal("navigator", { languages: ["en"], clipboard: { writeText: async (text: string) => void copied.push(text) } });
});
afterEach(() => {
  for (const { id } of toasts()) dismiss(id);
  vi.unstubAllGlobals();
});

const TEA = { id: "c_tea", circle: writable({ name: "Tea" }) } as never;

function world() {
  const [kept, own] = [storage(), storage()];
  const site = { drafts: new Drafts("u_ana", kept, own), outbox: new Outbox("u_ana", kept), uploads: { drop: vi.fn() } };
  return { kept, own, site: site as never as Parameters<typeof wasStranded>[0] & { drafts: Drafts }, dropped: site.uploads.drop };
}

test("what was begun in a circle that is removed can be copied and is gone then, and stays of one that one was made to leave", async () => {
  for (const [how, left] of [["circle_removed", [1, 0]], ["kicked", [5, 1]]] as const) {
    const { kept, own, site } = world();
    for (const stream of ["s_tea", "s_tea2"] as const) site.drafts.set("begun", stream);
    site.drafts.set("in a thread", "s_tea", 7);
    // As another tab has begun something there.
    site.drafts.set("of this tab", "s_tea", 7, "");
    site.drafts.setFiles(["f1" as never], "s_tea");
    site.drafts.setFiles(["f1" as never], "s_tea", 7);
    const view = { dialog: { is: "leave", circle: { id: "c_tea" } } as never };
    wasRemoved(site, view, { circle: TEA, streams: ["s_tea"], how });
    expect([Object.keys(kept).length, Object.keys(own).length, view.dialog], how).toEqual([5, 1, undefined]);
    const { action } = toasts().at(-1) ?? {};
    expect(action === undefined).toBe(how === "kicked");
    action?.run();
    await vi.waitFor(() => expect([Object.keys(kept).length, Object.keys(own).length]).toEqual(left));
    expect(copied).toEqual(["begun\n\nin a thread\n\nof this tab"]);
  }
});

test("a dialog about something else stays, and one about what is gone goes", () => {
  const { site } = world();
  for (const dialog of [{ is: "leave", circle: { id: "c_ops" } }, { is: "go_to" }, { is: "stream_settings", stream: { id: "s_ops", circle: { id: "c_ops" } } }]) {
    const view = { dialog: dialog as never };
    wasRemoved(site, view, { circle: TEA, streams: [], how: "circle_removed" });
    expect(view.dialog).toBe(dialog);
  }
  for (const dialog of [{ is: "remove_circle", circle: { id: "c_tea" } }, { is: "remove_stream", stream: { id: "s_tea", circle: { id: "c_tea" } } }]) {
    const view = { dialog: dialog as never };
    wasRemoved(site, view, { circle: TEA, streams: [], how: "circle_removed" });
    expect(view.dialog).toBe(undefined);
  }
});

test("what was begun in a stream that is removed is kept until it is copied or put away, and whoever looked at it is led to its circle", async () => {
  for (const [here, ends] of [[true, "copied"], [false, "closed"]] as const) {
    const { kept, site } = world();
    for (const stream of ["s_tea", "s_tea2"] as const) site.drafts.set("begun", stream);
    const went: unknown[] = [];
    const view = { dialog: { is: "remove_stream", stream: { id: "s_tea" } } as never, route: { at: "home" } as const, goCircle: (of: unknown) => void went.push(of) };
    streamIsGone(site, view, { id: "s_tea", info: { name: "tea" } as never }, TEA, { here, removed: true });
    expect([Object.keys(kept).length, view.dialog, went]).toEqual([2, undefined, here ? [TEA] : []]);
    const { text, action, closed } = toasts().at(-1) ?? {};
    expect([text, action?.label]).toEqual(["tea was removed, with all that was in it.", "Copy what you wrote"]);
    if (ends === "copied") action?.run();
    else closed?.();
    await vi.waitFor(() => expect(Object.keys(kept)).toEqual([site.drafts.key("s_tea2")]));
  }
});

test("of a stream that is removed nothing is kept that says nothing, and who did not look at it is told nothing", () => {
  const { kept, site } = world();
  site.drafts.setReply({ seq: 2, author: "u_bob", text: "what?" } as never, "s_tea");
  const before = toasts().length;
  streamIsGone(site, { dialog: undefined, route: { at: "inbox" } as never, goCircle: () => {} }, { id: "s_tea", info: { name: "tea" } as never }, TEA, { here: false, removed: true });
  expect([Object.keys(kept), toasts().length]).toEqual([[], before]);
});

test("what was begun in a stream that may be read again can be copied, and else stays", async () => {
  for (const here of [true, false]) {
    const { site } = world();
    site.drafts.set("begun", "s_tea");
    streamIsGone(site, { dialog: undefined, route: { at: "inbox" } as never, goCircle: () => {} }, { id: "s_tea", info: { name: "tea" } as never }, TEA, { here, removed: false });
    const { text, action, closed } = toasts().at(-1) ?? {};
    expect(text).toBe("tea was removed, or you may not read it any longer.");
    closed?.();
    expect(site.drafts.get("s_tea")).toBe("begun");
    action?.run();
    await vi.waitFor(() => expect([copied.at(-1), site.drafts.get("s_tea")]).toEqual(["begun", ""]));
  }
});

test("what waits for nothing stays until it was copied, and what has files until it is put away", async () => {
  const { site, dropped } = world();
  const messages = [
    { op: "op-1", stream: "s_tea", draft: { text: "one", uploads: ["f1"] } },
    { op: "op-2", stream: "s_tea", draft: { text: "" } },
    { op: "op-3", stream: "s_tea", draft: { text: "two" } },
  ] as never[];
  for (const one of messages) site.outbox.keep(one);
  wasStranded(site, { messages, drafts: [] });
  const { text, action, closed } = toasts().at(-1) ?? {};
  expect([site.outbox.all().length, text]).toEqual([3, "3 messages could not be sent: where they were to go is not there any longer."]);
  action?.run();
  await vi.waitFor(() => expect([site.outbox.all().map(({ op }) => op), copied]).toEqual([["op-1"], ["one\n\ntwo"]]));
  expect(dropped).not.toHaveBeenCalled();
  closed?.();
  expect([site.outbox.all(), dropped.mock.calls]).toEqual([[], [["f1"]]]);
});

test("a message of files alone is kept until it is put away", () => {
  const { site, dropped } = world();
  const messages = [{ op: "op-1", stream: "s_tea", draft: { text: " ", uploads: ["f1"] } }] as never[];
  for (const one of messages) site.outbox.keep(one);
  wasStranded(site, { messages, drafts: [] });
  const { action, closed } = toasts().at(-1) ?? {};
  expect([site.outbox.all().length, action]).toEqual([1, undefined]);
  closed?.();
  expect([site.outbox.all(), dropped.mock.calls]).toEqual([[], [["f1"]]]);
});

test("what was begun where nobody can go on is offered until it was copied", async () => {
  const { kept, site } = world();
  site.drafts.set("half a", "s_tea");
  site.drafts.set("message", "s_tea", 7);
  wasStranded(site, { messages: [], drafts: ["s_tea"] });
  const { text, action } = toasts().at(-1) ?? {};
  expect([text, Object.keys(kept).length]).toEqual(["What you had begun is for a stream that is not there any longer.", 2]);
  action?.run();
  await vi.waitFor(() => expect([Object.keys(kept), copied]).toEqual([[], ["half a\n\nmessage"]]));
});

import { writable } from "svelte/store";
import { afterEach, expect, test, vi } from "vitest";
import { Drafts } from "./model/drafts.js";
import { storage } from "./model/fake.js";
import { Outbox } from "./model/outbox.js";
import { streamWasRemoved, wasRemoved } from "./removed.js";

afterEach(() => vi.unstubAllGlobals());

test("of a circle that is removed nothing is kept, and of one that one was made to leave everything", () => {
  for (const [how, left] of [["circle_removed", 2], ["kicked", 7]] as const) {
    const [kept, own] = [storage(), storage()];
    vi.stubGlobal("localStorage", kept);
    vi.stubGlobal("sessionStorage", own);
    const site = { drafts: new Drafts("u_ana", kept, own), outbox: new Outbox("u_ana", kept) };
    for (const stream of ["s_tea", "s_tea2"] as const) site.drafts.set("begun", stream);
    site.drafts.set("in a thread", "s_tea", 7);
    // As another tab has begun something there.
    site.drafts.set("of this tab", "s_tea", 7, "");
    site.drafts.setFiles(["f1" as never], "s_tea");
    site.drafts.setFiles(["f1" as never], "s_tea", 7);
    for (const stream of ["s_tea", "s_tea2"]) site.outbox.keep({ op: `op-${stream}`, stream, draft: { text: "late" } } as never);
    const view = { dialog: { is: "leave", circle: { id: "c_tea" } } as never };
    wasRemoved(site as never, view, { circle: { id: "c_tea", circle: writable({ name: "Tea" }) } as never, streams: [{ id: "s_tea" }], how });
    expect([Object.keys(kept).length, Object.keys(own).length, view.dialog], how).toEqual([left, how === "kicked" ? 1 : 0, undefined]);
    expect(site.outbox.all().length).toBe(how === "kicked" ? 2 : 1);
  }
});

test("a dialog about something else stays", () => {
  for (const name of ["localStorage", "sessionStorage"]) vi.stubGlobal(name, storage());
  const site = { drafts: new Drafts("u_ana", storage()), outbox: new Outbox("u_ana", storage()) };
  for (const dialog of [{ is: "leave", circle: { id: "c_ops" } }, { is: "go_to" }, { is: "remove_circle", circle: { id: "c_tea" } }]) {
    const view = { dialog: dialog as never };
    wasRemoved(site as never, view, { circle: { id: "c_tea", circle: writable({ name: "Tea" }) } as never, streams: [], how: "circle_removed" });
    expect(view.dialog).toBe(dialog);
  }
});

test("of a stream that is removed nothing is kept, and whoever looked at it is led to its circle", () => {
  for (const here of [true, false]) {
    const [kept, own] = [storage(), storage()];
    vi.stubGlobal("localStorage", kept);
    vi.stubGlobal("sessionStorage", own);
    const site = { drafts: new Drafts("u_ana", kept, own), outbox: new Outbox("u_ana", kept) };
    for (const stream of ["s_tea", "s_tea2"] as const) {
      site.drafts.set("begun", stream);
      site.outbox.keep({ op: `op-${stream}`, stream, draft: { text: "late" } } as never);
    }
    const went: unknown[] = [];
    const view = { dialog: { is: "stream_settings", stream: { id: "s_tea" } } as never, route: { at: "home" } as const, goCircle: (of: unknown) => void went.push(of) };
    const circle = { id: "c_tea" } as never;
    streamWasRemoved(site as never, view, { id: "s_tea", info: { name: "tea" } as never }, circle, here);
    expect([Object.keys(kept).length, view.dialog, went]).toEqual([2, undefined, here ? [circle] : []]);
    expect(site.outbox.all().map(({ stream }) => stream)).toEqual(["s_tea2"]);
  }
});

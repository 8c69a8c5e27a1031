// What is being done in a stream or one of its threads: who is answered, what is edited, and what one may
// do with a message.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../../lib/i18n/index.svelte.js";
import { Copy, History, Link, Message as Thread, Pencil, Pin, PinOff, Reply, Trash, Eye } from "../../lib/ui/icons.js";
import type { MenuItem } from "../../lib/ui/menu.js";
import { copyText } from "../../lib/ui/clipboard.js";
import { toast } from "../../lib/ui/toasts.svelte.js";
import { permissionsOf, type Permission } from "../model/rights.js";
import { pathOf } from "../model/route.js";
import type { Site } from "../model/site.js";
import type { StreamModel } from "../model/stream.js";
import type { View } from "../view.svelte.js";
import { Attaching } from "./attaching.svelte.js";
import { copyLink } from "./menu.js";

type Message = protocol.Message;

export class Acts {
  /** The message that the next one answers. */
  replying: Message | undefined = $state.raw();
  /** The message that is edited. */
  editing: protocol.Seq | undefined = $state();
  /** The messages that the pointer and the focus came to last: what can be done with them is there. */
  pointed: protocol.Seq | undefined = $state();
  entered: protocol.Seq | undefined = $state();
  /** The message that an emoji is chosen for, and beside what. */
  reacting: { readonly seq: protocol.Seq; readonly at: HTMLElement } | undefined = $state.raw();
  /** Counts wishes to write. */
  focused = $state(0);
  /** Counts what was said here. */
  said = $state(0);
  /** The message whose menu is open, and beside what. */
  opened: { readonly seq: protocol.Seq; readonly at: HTMLElement | { readonly x: number; readonly y: number } } | undefined = $state.raw();
  /** The files that go with the next message. */
  readonly attaching: Attaching;
  /** Puts a text where one writes, before what is there; set by what one writes in. */
  restore: (text: string) => void = () => {};

  constructor(readonly site: Site, readonly view: View, readonly stream: StreamModel, readonly thread?: protocol.Seq) {
    this.attaching = new Attaching(site, stream, thread);
    this.replying = site.drafts.reply(stream.id, thread);
  }

  /** What the user may do here now. */
  may(): ReadonlySet<Permission> {
    const { circle, info } = this.stream;
    if (circle !== undefined) return permissionsOf(get(circle.circle), get(circle.member), Date.now(), info.deny);
    // In a conversation everyone may do everything to what is theirs, and pin.
    return new Set<Permission>(["read", "write", "react", "attach"]);
  }

  isMine(message: Message): boolean {
    return message.author === this.site.me;
  }

  mayReact(): boolean {
    return this.stream.info.archived !== true && this.may().has("react");
  }

  mayWrite(): boolean {
    return this.stream.info.archived !== true && this.may().has("write");
  }

  reply(message: Message): void {
    this.replying = message;
    this.editing = undefined;
    this.focused += 1;
  }

  edit(message: Message): void {
    this.editing = message.seq;
  }

  /** The last message of one's own that is held, to be edited. */
  editLast(): boolean {
    const lines = this.stream.lines(this.thread).messages.get();
    const last = lines.findLast((line) => line.state === "confirmed" && this.isMine(line.message));
    if (last?.state !== "confirmed" || !this.mayWrite()) return false;
    this.edit(last.message);
    return true;
  }

  /** Writing is done: the focus goes back to where one writes. */
  stop(): void {
    [this.replying, this.editing] = [undefined, undefined];
    this.focused += 1;
  }

  openThread(message: Message): void {
    this.view.goThread(this.stream.id, message.thread ?? message.seq);
  }

  react(message: Message, emoji: string): void {
    const has = message.reactions?.[emoji]?.includes(this.site.me) ?? false;
    const { feed } = this.stream;
    this.stream.attempt(has ? feed.unreact(message.seq, emoji) : feed.react(message.seq, emoji));
  }

  pin(message: Message): void {
    this.stream.attempt(this.stream.feed.pin(message.seq, !this.isPinned(message)));
  }

  isPinned(message: Message): boolean {
    return this.stream.info.pins?.includes(message.seq) ?? false;
  }

  /** Shows what a message said before. */
  showEdits(message: Message): void {
    this.view.dialog = { is: "edits", stream: this.stream, message };
  }

  remove(message: Message): void {
    this.view.dialog = { is: "delete", stream: this.stream, message };
  }

  /** Everything that can be done with a message. */
  menu(message: Message): readonly MenuItem[] {
    const may = this.may();
    const mine = this.isMine(message);
    const items: MenuItem[] = [];
    if (this.mayWrite()) {
      items.push({ label: t("message.reply"), icon: Reply, keys: "R", run: () => this.reply(message) });
      if (this.thread === undefined) items.push({ label: t("message.thread"), icon: Thread, keys: "T", run: () => this.openThread(message) });
      if (mine) items.push({ label: t("ui.edit"), icon: Pencil, keys: "E", run: () => this.edit(message) });
    }
    if (may.has("manage_messages") || this.stream.circle === undefined) {
      const pinned = this.isPinned(message);
      items.push({ label: pinned ? t("message.unpin") : t("message.pin"), icon: pinned ? PinOff : Pin, keys: "P", run: () => this.pin(message) });
    }
    items.push("line");
    if (message.text !== "") items.push({ label: t("message.copy"), icon: Copy, keys: "C", run: () => void this.copy(message) });
    items.push({ label: t("message.link"), icon: Link, keys: "L", run: () => void this.link(message) });
    if (message.edited_at !== undefined) items.push({ label: t("message.edits"), icon: History, keys: "H", run: () => this.showEdits(message) });
    if (this.thread === undefined) items.push({ label: t("message.unread"), icon: Eye, keys: "U", run: () => this.stream.markUnread(message.seq) });
    if (mine || may.has("manage_messages")) {
      items.push("line", { label: t("ui.delete"), icon: Trash, keys: "Delete", danger: true, run: () => this.remove(message) });
    }
    return items;
  }

  async copy(message: Message): Promise<void> {
    if (await copyText(message.text)) toast(t("ui.copied"), { kind: "good" });
  }

  async link({ seq, thread }: Message): Promise<void> {
    const stream = this.stream.id;
    await copyLink(pathOf(thread === undefined ? { at: "stream", stream, message: seq } : { at: "stream", stream, thread, message: seq }));
  }

  /** What a key means on a message that has the focus; whether it meant something. */
  key(event: KeyboardEvent, message: Message): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const item = this.menu(message).find((one) => one !== "line" && one.keys === key);
    if (item === undefined || item === "line") return false;
    item.run();
    return true;
  }
}

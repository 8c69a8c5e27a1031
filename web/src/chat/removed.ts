// What is done when the user is in a circle no longer, or a stream is gone: they are told why, what is about
// it goes, and what they had written for it is theirs to copy.

import { get } from "svelte/store";
import type { protocol } from "@kith/client";
import { t } from "../lib/i18n/late.js";
import { copyText } from "../lib/ui/clipboard.js";
import { toast, type Toast } from "../lib/ui/toasts.svelte.js";
import type { CircleModel } from "./model/circle.js";
import type { End, Site } from "./model/site.js";
import type { Left } from "./model/stranded.js";
import type { StreamModel } from "./model/stream.js";
import type { View } from "./view.svelte.js";

interface Gone {
  readonly circle: Pick<CircleModel, "id" | "circle">;
  /** Its streams, as they were. */
  readonly streams: readonly protocol.StreamId[];
  readonly how: protocol.Leaving;
}

export function wasRemoved({ drafts }: Pick<Site, "drafts">, view: Pick<View, "dialog">, { circle, streams, how }: Gone): void {
  const name = get(circle.circle).name;
  const dialog = view.dialog as { circle?: { id: string }; stream?: { circle?: { id: string } } } | undefined;
  if ((dialog?.circle ?? dialog?.stream?.circle)?.id === circle.id) view.dialog = undefined;
  // Whoever was made to leave may come back to what they began; to what is no more nobody does.
  if (how !== "circle_removed") toast(how === "banned" ? t("chat.was_banned", { circle: name }) : t("chat.was_kicked", { circle: name }), { kind: "bad" });
  else offer(t("chat.was_removed", { circle: name }), "info", written(drafts, streams));
}

/** Whoever looked at a stream that is gone, or had begun something there, is told so, and led to another of its circle. */
export function streamIsGone({ drafts }: Pick<Site, "drafts">, view: Pick<View, "dialog" | "route" | "goCircle">, { id, info }: Pick<StreamModel, "id" | "info">, circle: CircleModel, { here, removed }: End): void {
  const dialog = view.dialog as { of?: string; stream?: { id: string } } | undefined;
  if (dialog?.of === id || dialog?.stream?.id === id) view.dialog = undefined;
  const stream = info.name ?? "";
  const begun = written(drafts, [id]);
  // Whoever may not read it may be allowed to again, and go on with what they began.
  const left = removed ? begun : { ...begun, closed: () => {} };
  if (here || begun.texts.length > 0) offer(removed ? t("chat.stream_was_removed", { stream }) : t("chat.stream_is_gone", { stream }), "info", left);
  else left.closed();
  const { route } = view;
  if (here && (route.at === "home" || (route.at === "stream" && route.stream === id))) view.goCircle(circle, { replace: true });
}

/** What nobody can send any more, and what was begun where nobody can go on: until it was copied, or put away, every page offers it. */
export function wasStranded({ outbox, drafts, uploads }: Pick<Site, "outbox" | "drafts" | "uploads">, left: Left): void {
  const { messages } = left;
  if (messages.length > 0) {
    const texts = messages.map(({ draft }) => draft.text).filter((text) => text.trim() !== "");
    const drop = (all: Left["messages"]) => {
      for (const { op, draft } of all) {
        outbox.drop(op);
        for (const key of draft.uploads ?? []) uploads.drop(key);
      }
    };
    // Their files are not copied with the text.
    const copied = () => drop(messages.filter(({ draft }) => (draft.uploads ?? []).length === 0));
    offer(t("chat.stranded", { count: messages.length }), "bad", { texts, copied, closed: () => drop(messages) }, messages.length);
  }
  if (left.drafts.length > 0) offer(t("chat.begun_stranded"), "info", written(drafts, left.drafts));
}

/** What was written, and what is done once it was copied or put away. */
interface Offered {
  readonly texts: readonly string[];
  readonly copied: () => void;
  readonly closed: () => void;
}

/** What was begun in some streams. */
function written(drafts: Site["drafts"], streams: readonly protocol.StreamId[]): Offered {
  const forget = () => streams.forEach((id) => drafts.forget(id));
  return { texts: streams.flatMap((id) => drafts.begun(id)), copied: forget, closed: forget };
}

/** Tells something, and offers what was written, where there is anything. */
function offer(text: string, kind: Toast["kind"], { texts, copied, closed }: Offered, count = texts.length): void {
  if (count === 0) {
    closed();
    toast(text, { kind });
    return;
  }
  const copy = { label: t("chat.copy_written"), run: () => void copyText(texts.join("\n\n")).then((done) => { if (done) copied(); }) };
  toast(text, { kind, closed, ...(texts.length === 0 ? {} : { action: copy }) });
}

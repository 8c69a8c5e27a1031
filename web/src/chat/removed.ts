// What is done when the user is in a circle no longer, or a stream was removed: they are told why, and what
// is about it goes.

import { get } from "svelte/store";
import type { protocol } from "@kith/client";
import { t } from "../lib/i18n/late.js";
import { toast } from "../lib/ui/toasts.svelte.js";
import type { CircleModel } from "./model/circle.js";
import type { Site } from "./model/site.js";
import type { StreamModel } from "./model/stream.js";
import type { View } from "./view.svelte.js";

interface Gone {
  readonly circle: Pick<CircleModel, "id" | "circle">;
  /** Its streams, as they were. */
  readonly streams: readonly { readonly id: protocol.StreamId }[];
  readonly how: protocol.Leaving;
}

export function wasRemoved(site: Pick<Site, "outbox" | "drafts">, view: Pick<View, "dialog">, { circle, streams, how }: Gone): void {
  const name = get(circle.circle).name;
  if (how === "circle_removed") toast(t("chat.was_removed", { circle: name }));
  else toast(how === "banned" ? t("chat.was_banned", { circle: name }) : t("chat.was_kicked", { circle: name }), { kind: "bad" });
  const dialog = view.dialog as { is: string; circle?: { id: string }; stream?: { circle?: { id: string } } } | undefined;
  if (dialog?.is !== "remove_circle" && (dialog?.circle ?? dialog?.stream?.circle)?.id === circle.id) view.dialog = undefined;
  // Whoever was made to leave may come back to what they began; to what is no more nobody does.
  if (how === "circle_removed") for (const { id } of streams) forget(site, id);
}

/** Whoever looked at a stream that was removed is told so, and led to another of its circle. */
export function streamWasRemoved(site: Pick<Site, "outbox" | "drafts">, view: Pick<View, "dialog" | "route" | "goCircle">, { id, info }: Pick<StreamModel, "id" | "info">, circle: CircleModel, here: boolean): void {
  forget(site, id);
  const dialog = view.dialog as { is: string; of?: string; stream?: { id: string } } | undefined;
  if (dialog?.is !== "remove_stream" && (dialog?.of === id || dialog?.stream?.id === id)) view.dialog = undefined;
  if (!here) return;
  toast(t("chat.stream_was_removed", { stream: info.name ?? "" }));
  const { route } = view;
  if (route.at === "home" || (route.at === "stream" && route.stream === id)) view.goCircle(circle, { replace: true });
}

/** Forgets what was to be sent to a stream that is no more, and what was begun there. */
function forget({ outbox, drafts }: Pick<Site, "outbox" | "drafts">, stream: protocol.StreamId): void {
  for (const { op } of outbox.all().filter((one) => one.stream === stream)) outbox.drop(op);
  const own = drafts.key(stream);
  for (const storage of [localStorage, sessionStorage]) {
    for (const key of Object.keys(storage)) {
      if (key === own || key.startsWith(`${own}.`) || key.startsWith(`${own}:`)) storage.removeItem(key);
    }
  }
}

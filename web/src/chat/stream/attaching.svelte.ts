// The files that go with the message that is being written, in a stream or one of its threads.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../../lib/i18n/index.svelte.js";
import { announce } from "../../lib/ui/announce.svelte.js";
import { keysOf } from "../model/drafts.js";
import { mayAttach, obstacle } from "../model/rights.js";
import type { Site } from "../model/site.js";
import type { StreamModel } from "../model/stream.js";
import { FILES_MAX, type FileKey } from "../model/uploads.js";
import { obstacleText } from "./obstacles.js";

export class Attaching {
  /** They are sent already, or on their way. */
  files: readonly FileKey[] = $state.raw([]);
  /** Why not all is as was wished, in words. */
  notice = $state("");

  constructor(private readonly site: Site, private readonly stream: StreamModel, private readonly thread?: protocol.Seq) {
    this.files = site.drafts.files(stream.id, thread);
  }

  /** Whether there is anything to show. */
  get isUsed(): boolean {
    return this.files.length > 0 || this.notice !== "";
  }

  /** Whether the server takes files at all. */
  get isOffered(): boolean {
    return this.site.limits.file_bytes !== undefined;
  }

  /** Why no file can be attached here now, in words; `undefined` where some can. */
  obstacle(): string | undefined {
    if (!this.isOffered) return t("error.file.off");
    const { circle, info } = this.stream;
    const place = circle === undefined ? undefined : { circle: get(circle.circle), member: get(circle.member) };
    const barred = obstacle(info, place, 0, Date.now());
    if (barred !== undefined) return obstacleText(barred, Date.now());
    return mayAttach(info, place, Date.now()) ? undefined : t("write.no_files");
  }

  /** Takes files that were chosen, pasted or dropped, as far as there may be more; says why where not. */
  add(chosen: readonly File[]): void {
    const hindered = this.obstacle();
    const taken = hindered !== undefined ? [] : chosen.slice(0, FILES_MAX - this.files.length);
    if (taken.length > 0) this.#take(taken);
    if (hindered !== undefined) this.notice = hindered;
    else if (taken.length < chosen.length) this.notice = t("upload.too_many", { count: FILES_MAX });
  }

  #take(taken: readonly File[]): void {
    this.#set([...this.files, ...taken.map((file) => this.site.uploads.add(file, file.name, prepared))]);
    announce(t("upload.attached", { count: taken.length }));
  }

  /** Takes one away. */
  remove(key: FileKey): void {
    this.#set(this.files.filter((one) => one !== key));
    this.site.uploads.drop(key);
  }

  /** They go with a message now; `undefined` where one of them cannot, which is then said. */
  take(): readonly FileKey[] | undefined {
    const { files } = this;
    if (files.some((key) => get(this.site.uploads.standing(key)).state === "failed")) {
      this.notice = t("upload.failed_first");
      return undefined;
    }
    this.#set([]);
    return files;
  }

  /** Those of a message that was taken back come again. */
  restore(files: readonly FileKey[]): void {
    this.#set([...this.files, ...files].slice(0, FILES_MAX));
  }

  /** Another tab changed what goes with the draft. */
  changed(key: string | null, now: string | null): void {
    if (key === this.site.drafts.filesKey(this.stream.id, this.thread)) this.files = keysOf(now);
  }

  #set(files: readonly FileKey[]): void {
    this.files = files;
    this.notice = "";
    this.site.drafts.setFiles(files, this.stream.id, this.thread);
  }
}

/** What is sent of a file: of pictures nothing but the picture. */
async function prepared(content: Blob): Promise<Blob> {
  const { withoutTraces } = await import("../../lib/media/strip.js");
  return withoutTraces(content);
}

import { KithError, type protocol, type Upload, type UploadOptions } from "@kith/client";
import { get } from "svelte/store";
import { expect, test } from "vitest";
import type { KeptFile } from "../../lib/store/files.js";
import { Uploads, type Chosen, type FileKey, type Keeping } from "./uploads.js";

/** An upload that the test brings to its end. */
interface Sent {
  readonly op: string;
  paused: boolean;
  /** Whether the server took it up. */
  begun: boolean;
  tell: NonNullable<UploadOptions["onProgress"]>;
  succeed(): void;
  fail(code: string): void;
}

interface World {
  readonly uploads: Uploads;
  readonly sent: Sent[];
  readonly kept: Map<FileKey, KeptFile<Chosen>>;
  readonly removed: string[];
  /** Lets what was begun come about. */
  settle(): Promise<void>;
}

function world(kept: Map<FileKey, KeptFile<Chosen>>, bytes_max: number | undefined): World {
  const sent: Sent[] = [];
  const removed: string[] = [];
  let ops = kept.size;
  const client = {
    newOp: () => `k-${(ops += 1)}`,
    removeFile: async (file: protocol.FileId) => void removed.push(file),
    upload: (content: Blob, { op = "", name = "", onProgress = () => {} }: UploadOptions) => {
      let [resolve, reject] = [(_: protocol.Attachment) => {}, (_: unknown) => {}];
      const done = new Promise<protocol.Attachment>((yes, no) => ([resolve, reject] = [yes, no]));
      done.catch(() => {});
      const one: Sent = {
        op,
        paused: false,
        begun: false,
        tell: onProgress,
        succeed: () => resolve({ id: `f_${op}`, name, type: "text/plain", bytes: content.size, hash: "" }),
        fail: (code) => reject(new KithError({ code, message: code })),
      };
      sent.push(one);
      return { get id() { return one.begun ? `f_${op}` : undefined; }, done, pause: () => (one.paused = true), resume: () => (one.paused = false), cancel: () => reject(new Error("given up")) } as unknown as Upload;
    },
  };
  const keeping: Keeping = {
    get: async (key) => kept.get(key),
    set: async (key, about, content) => {
      kept.set(key, content === undefined ? { about } : { about, content });
      return content !== undefined;
    },
    delete: async (key) => void kept.delete(key),
    clear: async () => kept.clear(),
  };
  const settle = () => new Promise<void>((resolve) => setTimeout(resolve));
  return { uploads: new Uploads(client, keeping, () => bytes_max), sent, kept, removed, settle };
}

const file = (bytes = 10) => new Blob(["x".repeat(bytes)], { type: "text/plain" });
const stateOf = ({ uploads }: World, key: FileKey) => get(uploads.standing(key)).state;

test("three are sent at a time, in their order", async () => {
  const at = world(new Map(), 1000);
  const keys = Array.from({ length: 5 }, (_, n) => at.uploads.add(file(), `${n}.txt`));
  await at.settle();
  expect(at.sent.map(({ op }) => op)).toEqual(keys.slice(0, 3));
  at.uploads.drop(keys[3] as FileKey);
  at.sent[0]?.succeed();
  await at.settle();
  expect(at.sent.map(({ op }) => op)).toEqual([...keys.slice(0, 3), keys[4]]);
  expect(stateOf(at, keys[0] as FileKey)).toBe("done");
});

test.each([[1000, 1001, "file.too_large"], [undefined, 1, "file.off"]])("where %s bytes may be sent, %i are refused before they are", async (most, bytes, code) => {
  const at = world(new Map(), most);
  const key = at.uploads.add(file(bytes), "tea.txt");
  expect(get(at.uploads.standing(key)).error?.code).toBe(code);
  await expect(at.uploads.done(key)).rejects.toMatchObject({ code });
  expect(at.sent).toEqual([]);
});

test("a page that is opened again goes on with what was kept, and knows what was sent", async () => {
  const before = world(new Map(), 1000);
  const [there, half] = [before.uploads.add(file(), "there.txt"), before.uploads.add(file(), "half.txt")];
  await before.settle();
  before.sent[0]?.succeed();
  await before.uploads.done(there);
  const after = world(before.kept, 1000);
  expect(await after.uploads.done(there)).toMatchObject({ name: "there.txt" });
  const done = after.uploads.done(half);
  await after.settle();
  expect(after.sent.map(({ op }) => op)).toEqual([half]);
  after.sent[0]?.succeed();
  expect(await done).toMatchObject({ name: "half.txt" });
  await expect(after.uploads.done("k-unknown")).rejects.toMatchObject({ code: "client.file_lost" });
});

test("what a page before began and the server has no longer is begun anew, once", async () => {
  const at = world(new Map([["k-1", { about: { name: "old.txt", bytes: 10, type: "" }, content: file() }]]), 1000);
  const done = at.uploads.done("k-1");
  await at.settle();
  at.sent[0]?.fail("file.not_found");
  await at.settle();
  expect(at.sent.map(({ op }) => op)).toEqual(["k-1", "k-2"]);
  at.sent[1]?.succeed();
  expect(await done).toMatchObject({ id: "f_k-2" });
});

test("one is paused and goes on, is refused before it began, and is tried again under another name", async () => {
  const at = world(new Map(), 1000);
  const key = at.uploads.add(file(), "tea.txt");
  await at.settle();
  at.sent[0]?.tell({ state: "sending", sent: 4, bytes: 10 });
  expect(get(at.uploads.standing(key))).toMatchObject({ state: "going", sent: 4 });
  at.uploads.pause(key);
  expect([stateOf(at, key), at.sent[0]?.paused]).toEqual(["paused", true]);
  at.uploads.resume(key);
  expect([stateOf(at, key), at.sent[0]?.paused]).toEqual(["waiting", false]);
  at.sent[0]?.fail("file.quota");
  await at.settle();
  expect(get(at.uploads.standing(key)).error?.code).toBe("file.quota");
  at.uploads.retry(key);
  await at.settle();
  expect(at.sent.map(({ op }) => op)).toEqual([key, "k-2"]);
  expect(get(at.uploads.standing(key)).error).toBeUndefined();
});

test("what failed after it began goes on where it stands, and anew where that is gone", async () => {
  const at = world(new Map(), 1000);
  const key = at.uploads.add(file(), "tea.txt");
  await at.settle();
  const fail = async (code: string) => {
    const last = at.sent.at(-1)!;
    last.begun = true;
    last.fail(code);
    await at.settle();
  };
  await fail("store.full");
  expect(stateOf(at, key)).toBe("failed");
  at.uploads.retry(key);
  await at.settle();
  await fail("file.not_found");
  expect(at.sent.map(({ op }) => op)).toEqual([key, key, "k-2"]);
  // Once is enough: a server that says so again means it.
  await fail("file.not_found");
  expect(get(at.uploads.standing(key)).error?.code).toBe("file.not_found");
  at.uploads.retry(key);
  await at.settle();
  at.sent.at(-1)?.succeed();
  await expect(at.uploads.done(key)).resolves.toMatchObject({ id: "f_k-2" });
});

test("what nobody wants is taken off the server, and what a message has stays", async () => {
  const at = world(new Map(), 1000);
  const [one, two] = [at.uploads.add(file(), "one.txt"), at.uploads.add(file(), "two.txt")];
  await at.settle();
  for (const sent of at.sent) sent.succeed();
  await Promise.all([at.uploads.done(one), at.uploads.done(two)]);
  at.uploads.drop(one);
  at.uploads.forget(two);
  await at.settle();
  expect(at.removed).toEqual([`f_${one}`]);
  expect(at.kept.size).toBe(0);
});

test("a file is at risk until it is kept", async () => {
  const at = world(new Map(), 1000);
  at.uploads.add(file(), "tea.txt");
  expect(at.uploads.isRisked).toBe(true);
  await at.settle();
  expect(at.uploads.isRisked).toBe(false);
});

test("what is sent and kept is what was made of the file", async () => {
  const at = world(new Map(), 1000);
  const key = at.uploads.add(file(1500), "tea.png", async () => file(20));
  expect(at.sent).toEqual([]);
  const done = at.uploads.done(key);
  await at.settle();
  at.sent[0]?.succeed();
  expect(await done).toMatchObject({ name: "tea.png", bytes: 20 });
  expect(at.kept.get(key)?.content?.size).toBe(20);
});

test("a file that cannot be made what is to be sent is not sent as it is", async () => {
  const at = world(new Map(), 1000);
  const key = at.uploads.add(file(), "tea.png", () => Promise.reject(new Error("it is gone")));
  await expect(at.uploads.done(key)).rejects.toMatchObject({ code: "client.unreadable" });
  expect([at.sent, at.kept.size]).toEqual([[], 0]);
});

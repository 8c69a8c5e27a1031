import { KithError, type protocol, type Upload, type UploadOptions } from "@kith/client";
import { expect, test } from "vitest";
import { showPicture } from "./picture.js";

/** What was asked of the server for a file of ten bytes, where it takes so many, and how it ended. */
async function check(bytes_max: number | undefined, refusal?: string): Promise<string[]> {
  const done: string[] = [];
  const client = {
    welcome: { limits: bytes_max === undefined ? {} : { file_bytes: bytes_max } } as protocol.Welcome,
    upload: (content: Blob, { name }: UploadOptions = {}) => {
      done.push(`${name} ${content.size}`);
      return { done: Promise.resolve({ id: "f_1" }) } as unknown as Upload;
    },
    removeFile: async (file: string) => void done.push(`removed ${file}`),
  };
  const show = async (file: string) => {
    done.push(`shown ${file}`);
    if (refusal !== undefined) throw new KithError({ code: refusal, message: refusal });
  };
  await showPicture({ client }, new Blob(["0123456789"]), "cat.png", show).catch((error: KithError) => done.push(error.code));
  return done;
}

test("a picture is sent up and shown", async () => {
  expect(await check(10)).toEqual(["cat.png 10", "shown f_1"]);
});

test("what the server would not take is not sent", async () => {
  expect(await check(9)).toEqual(["file.too_large"]);
  expect(await check(undefined)).toEqual(["file.off"]);
});

test("what is no picture does not stay on the server", async () => {
  expect(await check(10, "file.no_image")).toEqual(["cat.png 10", "shown f_1", "removed f_1", "file.no_image"]);
});

import { afterEach, expect, test, vi } from "vitest";
import { canTake, diskKeep, MEMORY_BYTES_MAX } from "./keep.js";

afterEach(() => vi.unstubAllGlobals());

/** A browser that lets a page write files, and what it was told. */
function disk(handle?: object): string[] {
  const said: string[] = [];
  const stream = {
    write: (block: Uint8Array) => Promise.resolve(void said.push(`wrote ${block.length}`)),
    close: () => Promise.resolve(void said.push("closed")),
    abort: () => Promise.resolve(void said.push("aborted")),
  };
  vi.stubGlobal("showSaveFilePicker", ({ suggestedName }: { suggestedName: string }) => {
    said.push(`asked for ${suggestedName}`);
    return handle === undefined ? Promise.reject(new Error("thought better of it")) : Promise.resolve({ ...handle, createWritable: () => Promise.resolve(stream) });
  });
  return said;
}

test("what is too large for memory is taken where the browser can write it", () => {
  expect([canTake(MEMORY_BYTES_MAX), canTake(MEMORY_BYTES_MAX + 1)]).toEqual([true, false]);
  disk();
  expect(canTake(MEMORY_BYTES_MAX + 1)).toBe(true);
});

test("a file is written block by block where its taker says, and has its name when it is whole", async () => {
  const said = disk({ name: "chosen.bin" });
  const keep = await diskKeep("offered.bin");
  await keep?.write(new Uint8Array(3));
  await keep?.write(new Uint8Array(2));
  await keep?.close();
  expect(keep?.name).toBe("chosen.bin");
  expect(said).toEqual(["asked for offered.bin", "wrote 3", "wrote 2", "closed"]);
});

test("nothing is taken by whoever thinks better of it, and nothing stays of what was not whole", async () => {
  disk();
  expect(await diskKeep("offered.bin")).toBeUndefined();
  const said = disk({ name: "chosen.bin" });
  const keep = await diskKeep("offered.bin");
  await keep?.abort();
  expect(said.at(-1)).toBe("aborted");
});

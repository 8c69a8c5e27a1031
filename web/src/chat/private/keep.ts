// Where files go that are taken: into memory until their taker saves them, or, where they are large,
// right to where their taker says.

import type { Keep } from "@kith/client/private";

/** A larger file is not held in memory. */
export const MEMORY_BYTES_MAX = 256 * 1024 * 1024;

/** What browsers have that let a page write a file where the user says. */
interface Disk {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>;
}

/** A file of this size can be taken in this browser. */
export function canTake(size: number): boolean {
  return size <= MEMORY_BYTES_MAX || (globalThis as Disk).showSaveFilePicker !== undefined;
}

/** A file on the disk. Until it is whole the browser keeps it apart from its name. */
export class DiskKeep implements Keep {
  constructor(private readonly stream: FileSystemWritableFileStream, readonly name: string) {}

  async write(block: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.stream.write(block);
  }

  async close(): Promise<void> {
    await this.stream.close();
  }

  async abort(): Promise<void> {
    await this.stream.abort();
  }
}

/** Asks where a file goes; nothing where the user thinks better of it. */
export async function diskKeep(suggestedName: string): Promise<DiskKeep | undefined> {
  const handle = await (globalThis as Disk).showSaveFilePicker?.({ suggestedName }).catch(() => undefined);
  return handle === undefined ? undefined : new DiskKeep(await handle.createWritable(), handle.name);
}

/** How long the browser may take to begin with what it saves. */
const SAVING_MS = 60_000;

/** Saves what is in memory, where the browser saves files. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  // Never opened, whatever it calls itself.
  link.href = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), SAVING_MS);
}

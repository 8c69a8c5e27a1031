// Saves what the page has in memory, as the browser saves any file.

/** For so long browsers may take to begin with it. */
const BEGINS_MS = 60_000;

/** Brings a content, and tells how many bytes of it are there. */
export type Bring = (told: (received_bytes: number) => void, signal: AbortSignal) => Promise<Blob>;

/** Has the browser save it under a name. */
export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), BEGINS_MS);
}

// The picture that a user or a circle is shown with: sent up and set, so that nothing stays of what cannot be.

import type { Client, protocol } from "@kith/client";
import { barred } from "./uploads.js";

/** What the server makes pictures of. */
export const PICTURES = "image/png,image/jpeg,image/gif,image/webp";

/**
 * Sends a picture up and has it shown by `show`. A file of which there is no picture does not stay on the
 * server. Rejects with a `KithError`.
 */
export async function showPicture({ client }: { readonly client: Pick<Client, "upload" | "removeFile" | "welcome"> }, content: Blob, name: string, show: (file: protocol.FileId) => Promise<unknown>): Promise<void> {
  const error = barred(content.size, client.welcome.limits.file_bytes);
  if (error !== undefined) throw error;
  const { id } = await client.upload(content, { name }).done;
  try {
    await show(id);
  } catch (error) {
    await client.removeFile(id).catch(() => {});
    throw error;
  }
}

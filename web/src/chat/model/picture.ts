// The picture that a user or a circle is shown with: sent up and set, so that nothing stays of what cannot be.

import { KithError, type Client, type protocol } from "@kith/client";

/** What the server makes pictures of. */
export const PICTURES = "image/png,image/jpeg,image/gif,image/webp";

/**
 * Sends a picture up and has it shown by `show`. A file of which there is no picture does not stay on the
 * server. Rejects with a `KithError`.
 */
export async function showPicture(client: Pick<Client, "upload" | "removeFile" | "welcome">, content: Blob, name: string, show: (file: protocol.FileId) => Promise<unknown>): Promise<void> {
  const { file_bytes: bytes_max } = client.welcome.limits;
  if (bytes_max === undefined) throw new KithError({ code: "file.off", message: "this server takes no files" });
  if (content.size > bytes_max) throw new KithError({ code: "file.too_large", message: "the file is larger than the server takes" });
  const { id } = await client.upload(content, { name }).done;
  try {
    await show(id);
  } catch (error) {
    await client.removeFile(id).catch(() => {});
    throw error;
  }
}

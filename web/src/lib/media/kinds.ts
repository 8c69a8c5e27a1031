// What is shown of files: pictures, what plays, and everything else.

export interface Picture {
  readonly id: string;
  readonly name: string;
  /** The picture itself, and a small one for the grid. */
  readonly src: string;
  readonly thumb?: string;
  /** Its size in pixels, so that its place is there before it is. */
  readonly width: number;
  readonly height: number;
  /** What most of it looks like, as `#rrggbb`, until it is loaded. */
  readonly colour?: string;
  /** Where the file itself is, to be saved. */
  readonly href?: string;
}

/** Something that is on its way to the server. */
export interface Uploading {
  readonly id: string;
  readonly name: string;
  readonly size_bytes: number;
  readonly sent_bytes: number;
  readonly state: "waiting" | "going" | "paused" | "failed" | "done";
  /** Why it failed. */
  readonly why?: string;
  /** A picture of it, if it is one. */
  readonly preview?: string;
}

export type FileKind = "image" | "video" | "audio" | "text" | "archive" | "other";

/** What kind of file it is by its type, for its icon. */
export function kindOf(type: string): FileKind {
  const [main = "", sub = ""] = type.toLowerCase().split(";")[0]?.trim().split("/") ?? [];
  if (main === "image" || main === "video" || main === "audio") return main;
  if (/zip|tar|compressed|7z|rar|gzip|bzip|xz|zstd/.test(sub)) return "archive";
  return main === "text" || /pdf|json|xml|document|msword|rtf/.test(sub) ? "text" : "other";
}

/** Pictures that every browser shows, and the server sends as what they are. */
const PICTURES: readonly string[] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/** What the server lets browsers play in place. */
const SOUNDS: readonly string[] = ["audio/mpeg", "audio/ogg", "audio/x-wav", "audio/x-flac", "audio/m4a", "audio/aac"];
const VIDEOS: readonly string[] = ["video/mp4", "video/webm"];

/** Whether something of this type can be a picture that browsers show. */
export function isPicture(type: string): boolean {
  return PICTURES.includes(type);
}

/** How a file is shown by its type. A picture is one whose size is known: the server could read it. */
export function shownAs({ type, width, height }: { readonly type: string; readonly width?: number; readonly height?: number }): "picture" | "video" | "audio" | "file" {
  if (isPicture(type) && width !== undefined && height !== undefined) return "picture";
  if (VIDEOS.includes(type)) return "video";
  return SOUNDS.includes(type) ? "audio" : "file";
}

/** A colour as it may be given to a style, or none: it comes from others. */
export function colour(given: string | undefined): string | undefined {
  return given !== undefined && /^#[0-9a-f]{6}$/i.test(given) ? given : undefined;
}

/** The largest that fits into a room and is not larger than it is, in whole pixels; at least 1. */
export function fitted(width: number, height: number, room: { width: number; height: number }): { width: number; height: number } {
  const [w, h] = [Math.max(1, width), Math.max(1, height)];
  const share = Math.min(1, room.width / w, room.height / h);
  return { width: Math.max(1, Math.round(w * share)), height: Math.max(1, Math.round(h * share)) };
}

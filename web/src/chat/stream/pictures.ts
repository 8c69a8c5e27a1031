// The pictures of a message, as they are shown.

import type { protocol } from "@kith/client";
import { shownAs, type Picture } from "../../lib/media/kinds.js";
import { isStill } from "../../lib/theme.js";
import type { Site } from "../model/site.js";

/** What moves is shown moving up to this size; of larger ones the first picture. */
const MOVING_BYTES_MAX = 4 * 1024 * 1024;

/** The pictures among the files of a message, in their order. */
export function picturesOf(site: Pick<Site, "fileAddress">, stream: protocol.StreamId, { seq, files = [] }: protocol.Message): readonly Picture[] {
  return files.filter((file) => shownAs(file) === "picture").map(({ id, name, type, bytes, width = 1, height = 1, color, thumbnail }) => {
    const place = { stream, message: seq, file: id };
    const is_moving = type === "image/gif" && bytes <= MOVING_BYTES_MAX && !isStill();
    return {
      id,
      name,
      src: site.fileAddress(place),
      width,
      height,
      ...(thumbnail === true && !is_moving ? { thumb: site.fileAddress(place, { thumbnail: true }) } : {}),
      ...(color === undefined ? {} : { colour: color }),
      href: site.fileAddress(place, { download: true }),
    };
  });
}

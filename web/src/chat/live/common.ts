// What every view of a topic is given, and how a value is said in a line.

import { stringify, type Json } from "@kith/client";
import type { CircleModel } from "../model/circle.js";
import type { Site } from "../model/site.js";

/** What a view is given besides its topic. */
export interface Common {
  readonly site: Site;
  readonly circle: CircleModel;
  /** What the topic is called. */
  readonly name: string;
  /** Whether one may change it. */
  readonly may: boolean;
  /** Does something; where it does not come about, it is said. */
  readonly act: (work: Promise<unknown>) => void;
}

/** A value in a line: words as they are, everything else as JSON. */
export function inLine(value: Json): string {
  return typeof value === "string" ? value : stringify(value);
}

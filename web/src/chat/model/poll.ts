// What makes a poll of two topics: a map `…/question` with a question and its options, and beside it a
// map `…/votes`, in which everybody who votes has an entry under their own id. Pure.

import type { Json, protocol } from "@kith/client";

/** Options that are shown, at most. */
export const OPTIONS_MAX = 50;

/** What is asked. */
export interface Question {
  readonly question: string;
  readonly options: readonly string[];
}

/** An option with those who chose it. */
export interface Tally {
  readonly option: string;
  readonly voters: readonly protocol.UserId[];
  /** How many of all votes, from 0 to 1. */
  readonly share: number;
}

/** The name of the topic with the question, of a topic with votes. */
export function questionBeside(name: string): string | undefined {
  return /^(.*\/)?votes$/.test(name) ? `${name.slice(0, -"votes".length)}question` : undefined;
}

/** A question as a topic says it, where it is one. */
export function questionOf(value: Readonly<Record<string, Json>>): Question | undefined {
  const { question, options } = value;
  if (typeof question !== "string" || !Array.isArray(options)) return undefined;
  const said = options.filter((option) => typeof option === "string").slice(0, OPTIONS_MAX);
  const all = [...new Set(said)];
  return all.length === 0 ? undefined : { question, options: all };
}

/** Counts votes; of what is no option nothing is counted. */
export function tally({ options }: Question, votes: Readonly<Record<string, Json>>): readonly Tally[] {
  const entries = Object.entries(votes).filter(([, vote]) => typeof vote === "string" && options.includes(vote));
  return options.map((option) => {
    const voters = entries.filter(([, vote]) => vote === option).map(([user]) => user as protocol.UserId);
    return { option, voters, share: entries.length === 0 ? 0 : voters.length / entries.length };
  });
}

import type { Stamp } from "./protocol";

/** What to do with a message that arrives: take it, take it and fetch the stream anew, or leave it. */
export type Verdict = "take" | "take_and_refetch" | "ignore";

/**
 * Judge the next message of one stream within one connection. A hole in `n` means that something was lost, the same `n`
 * that it was asked for; a lower `seq` than the one shown means that this snapshot is older than what the page has.
 */
export function judge(last: Stamp | null, next: Stamp): Verdict {
  if (last === null) return "take";
  if (next.seq < last.seq) return "ignore";
  return next.n === last.n || next.n === last.n + 1 ? "take" : "take_and_refetch";
}

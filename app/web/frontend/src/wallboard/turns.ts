import type { BoardSnapshot } from "@/live/protocol";
import type { View } from "@/shared/view";

// Shorter turns nobody can read.
const SHORTEST_SECONDS = 5;

/** How long each queue is shown, in seconds, where the address asks that they take turns; else nothing. */
export function readTurns(search: string): number | null {
  const seconds = Number(new URLSearchParams(search).get("every"));
  return Number.isInteger(seconds) && seconds > 0 ? Math.max(SHORTEST_SECONDS, seconds) : null;
}

/** The queues that take turns: those of the view, in the board's order. */
export function turnsOf(view: View, narrowed: BoardSnapshot): View[] {
  const queues = narrowed.queues.map((queue) => queue.name);
  return queues.length < 2 ? [view] : queues.map((name) => ({ kind: "queue", queues: [name] }));
}

import type { BoardSnapshot } from "@/live/protocol";

export interface Figures {
  waiting: number;
  callbacks: number;
  longestWaitSince: string | null;
  offered: number;
  answered: number;
  abandoned: number;
  /** Share answered in time, 0 to 1; null before the first call of the day. */
  serviceLevel: number | null;
  target: number;
  targetSeconds: number;
  isTargetMissed: boolean;
}

/**
 * All queues as one. The service level of several queues is weighted by their calls; where their targets differ, the
 * strictest one is shown.
 */
export function sumUp(queues: BoardSnapshot["queues"]): Figures {
  const total = (pick: (queue: BoardSnapshot["queues"][number]) => number) =>
    queues.reduce((sum, queue) => sum + pick(queue), 0);
  const measured = queues.filter((queue) => queue.service_level !== null);
  const calls = measured.reduce((sum, queue) => sum + queue.offered, 0);
  const inTime = measured.reduce((sum, queue) => sum + queue.offered * (queue.service_level ?? 0), 0);
  const serviceLevel = calls === 0 ? null : inTime / calls;
  const strictest = queues.toSorted((one, other) => other.service_level_target - one.service_level_target)[0];
  const target = strictest?.service_level_target ?? 0;
  return {
    waiting: total((queue) => queue.waiting),
    callbacks: total((queue) => queue.callbacks),
    longestWaitSince: queues
      .flatMap((queue) => (queue.longest_wait_since === null ? [] : [queue.longest_wait_since]))
      .reduce<string | null>((oldest, since) => (oldest === null || Date.parse(since) < Date.parse(oldest) ? since : oldest), null),
    offered: total((queue) => queue.offered),
    answered: total((queue) => queue.answered),
    abandoned: total((queue) => queue.abandoned),
    serviceLevel,
    target,
    targetSeconds: strictest?.service_level_seconds ?? 0,
    isTargetMissed: serviceLevel !== null && serviceLevel < target,
  };
}

export type Trust = "current" | "stale" | "unknown";

// Telephony proves itself each second; five misses are no accident.
const STALE_MS = 5000;

/** How far the figures can be believed: unknown while a link is not up, stale when nothing proved them for 5 s. */
export function trust(board: BoardSnapshot | null, isConnected: boolean, now: number): Trust {
  if (board === null || board.as_of === null || board.link.state !== "up") return "unknown";
  const isOld = now - Date.parse(board.as_of) > STALE_MS;
  if (!isConnected && isOld) return "unknown";
  return isOld ? "stale" : "current";
}

import type { BoardQueue, BoardSnapshot, EarlierFigures } from "@/live/protocol";

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
  /** Seconds, weighted by the answered calls; null before the first one. */
  averageAnswer: number | null;
  /** The same a quarter of an hour ago; null where that was another day. */
  earlier: { waiting: number; answered: number; abandoned: number; serviceLevel: number | null } | null;
}

/**
 * All queues as one. The service level of several queues is weighted by their calls; where their targets differ, the
 * strictest one is shown.
 */
export function sumUp(queues: BoardQueue[]): Figures {
  const serviceLevel = levelOf(queues);
  const strictest = queues.toSorted((one, other) => other.service_level_target - one.service_level_target)[0];
  const target = strictest?.service_level_target ?? 0;
  return {
    waiting: total(queues, (queue) => queue.waiting),
    callbacks: total(queues, (queue) => queue.callbacks),
    longestWaitSince: queues
      .flatMap((queue) => (queue.longest_wait_since === null ? [] : [queue.longest_wait_since]))
      .reduce<string | null>((oldest, since) => (oldest === null || Date.parse(since) < Date.parse(oldest) ? since : oldest), null),
    offered: total(queues, (queue) => queue.offered),
    answered: total(queues, (queue) => queue.answered),
    abandoned: total(queues, (queue) => queue.abandoned),
    serviceLevel,
    target,
    targetSeconds: strictest?.service_level_seconds ?? 0,
    isTargetMissed: serviceLevel !== null && serviceLevel < target,
    averageAnswer: weighted(queues, (queue) => queue.average_answer_seconds, (queue) => queue.answered),
    earlier: earlierOf(queues),
  };
}

/** Which way a figure has gone; nothing where there is nothing to compare with, or no difference that is shown. */
export function trendOf(now: number | null, earlier: number | null | undefined): "up" | "down" | null {
  if (now === null || earlier === null || earlier === undefined || now === earlier) return null;
  return now > earlier ? "up" : "down";
}

function earlierOf(queues: BoardQueue[]): Figures["earlier"] {
  const then = queues.flatMap((queue) => (queue.earlier === null ? [] : [queue.earlier]));
  if (then.length < queues.length || then.length === 0) return null;
  return {
    waiting: total(then, (queue) => queue.waiting),
    answered: total(then, (queue) => queue.answered),
    abandoned: total(then, (queue) => queue.abandoned),
    serviceLevel: levelOf(then),
  };
}

function levelOf(queues: EarlierFigures[]): number | null {
  return weighted(queues, (queue) => queue.service_level, (queue) => queue.offered);
}

function weighted<Row>(rows: Row[], value: (row: Row) => number | null, weight: (row: Row) => number): number | null {
  const measured = rows.filter((row) => value(row) !== null);
  const weights = total(measured, weight);
  return weights === 0 ? null : total(measured, (row) => (value(row) ?? 0) * weight(row)) / weights;
}

function total<Row>(rows: Row[], pick: (row: Row) => number): number {
  return rows.reduce((sum, row) => sum + pick(row), 0);
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

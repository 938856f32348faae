import type { Message } from "@/live/protocol";

/**
 * Who has written since `since` and still waits, the newest text of each, newest first. Texts up to `dismissed` were put
 * off by the agent and do not come back before a newer one does.
 */
export function repliesSince(messages: Message[], since: string, dismissed: number): Message[] {
  const begin = Date.parse(since);
  const people = new Map<string, Message>();
  for (const message of [...messages].sort((a, b) => b.id - a.id)) {
    if (message.direction !== "in" || message.id <= dismissed || Date.parse(message.created_at) < begin) continue;
    const who = message.patient === null ? message.thread : `patient ${message.patient.id}`;
    if (!people.has(who)) people.set(who, message);
  }
  return [...people.values()];
}

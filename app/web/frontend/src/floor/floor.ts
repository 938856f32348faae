import type { BoardSnapshot, Colleague, FloorSnapshot, Supervision, Talk } from "@/live/protocol";
import { randomId } from "@/shared/ids";

export interface FloorConfig {
  locale: string;
  timezone?: string;
  csrf_token: string;
  username: string;
  /** What an agent may speak with patients. */
  languages: { code: string; label: string }[];
  /** Queues are served with a level from 1, which is rung first, to this. */
  most_level: number;
}

/** One agent's line, with the call and who is in it as a supervisor. */
export interface FloorAgent extends Colleague {
  talk: Talk | null;
  supervisions: Supervision[];
}

/** The agents with what they are in; those who are at a desk first, by name. */
export function agentLines(agents: BoardSnapshot["agent_list"], floor: FloorSnapshot | null): FloorAgent[] {
  const talks = new Map(floor?.calls.flatMap((talk) => talk.agents.map((agent) => [agent, talk] as const)));
  const supervisions = new Map<string, Supervision[]>();
  for (const each of floor?.supervisions ?? []) {
    supervisions.set(each.agent, [...(supervisions.get(each.agent) ?? []), each]);
  }
  return agents
    .map((agent) => ({
      ...agent,
      talk: talks.get(agent.id) ?? null,
      supervisions: supervisions.get(agent.id) ?? [],
    }))
    .toSorted(
      (one, other) =>
        Number(one.state === "offline") - Number(other.state === "offline") || one.name.localeCompare(other.name),
    );
}

/** Those in whose call nothing of what is said is being written. */
export function unrecordedAgents(agents: FloorAgent[]): FloorAgent[] {
  return agents.filter((agent) => agent.talk?.is_recording_stalled === true);
}

/** Whether this call can be heard by a supervisor: somebody talks in it, and it is not one's own. */
export function canBeHeard(agent: FloorAgent, username: string): boolean {
  return agent.state === "talking" && agent.talk !== null && !agent.talk.is_rejoining && agent.id !== username;
}

export type Answer = { ok: true; result: Record<string, unknown> } | { ok: false; isSignedOut: boolean; detail: string };

// Asked as htmx does, so that errors come as problem documents in the reader's language.
const HEADERS = { "HX-Request": "true", Accept: "application/json" };

/** Give an order; it carries an id of its own, so that it is done once. */
export async function give(path: string, csrfToken: string, body: Record<string, unknown> = {}): Promise<Answer> {
  try {
    const response = await fetch(`/floor/${path}`, {
      method: "POST",
      headers: { ...HEADERS, "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify({ id: randomId(), ...body }),
      redirect: "manual",
    });
    const told = (await response.json()) as Record<string, unknown>;
    if (response.ok) return { ok: true, result: told };
    return { ok: false, isSignedOut: response.status === 401, detail: String(told["detail"] ?? "") };
  } catch {
    return { ok: false, isSignedOut: false, detail: "" };
  }
}

export interface HistoryStep {
  offered: number;
  answered: number;
  abandoned: number;
  service_level: number | null;
  average_answer_seconds: number | null;
}

/** What GET /floor/history answers: the half hours of today so far, and those of a week ago. */
export interface DayHistory {
  day: string;
  starts: string[];
  today: HistoryStep[];
  week_before: HistoryStep[];
}

/** The half hours of these queues, or of all when none is named; nothing when the server does not answer. */
export async function askHistory(queues: string[], signal: AbortSignal): Promise<DayHistory | null> {
  const query = new URLSearchParams(queues.map((name) => ["queue", name]));
  try {
    const response = await fetch(`/floor/history?${query}`, { headers: HEADERS, cache: "no-store", redirect: "manual", signal });
    return response.ok ? ((await response.json()) as DayHistory) : null;
  } catch {
    return null;
  }
}

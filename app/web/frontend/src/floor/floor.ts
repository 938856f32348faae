import type { BoardQueue, Colleague, Link, LinkState, SupervisionMode } from "@/live/protocol";
import { randomId } from "@/shared/ids";

export interface FloorConfig {
  locale: string;
  timezone?: string;
  csrf_token: string;
  username: string;
}

export interface FloorQueue extends BoardQueue {
  asa_seconds: number | null;
  abandon_rate: number | null;
}

export interface Talk {
  id: string;
  direction: "inbound" | "outbound";
  /** Masked, as everything here; empty when nobody is known. */
  name: string;
  answered_at: string | null;
  is_held: boolean;
  is_rejoining: boolean;
}

export interface Supervision {
  supervisor: string;
  agent: string;
  call_id: string;
  mode: SupervisionMode;
}

export interface FloorAlarm {
  kind: "waiting" | "longest_wait" | "service_level";
  queue: string;
  label: string;
  value: number;
  limit: number;
}

/** What GET /floor/now answers. */
export interface FloorNow {
  at: string;
  /** When telephony last proved that it is in step with Asterisk; null when it never did. */
  as_of: string | null;
  link: Link<LinkState>;
  queues: FloorQueue[];
  agents: Colleague[];
  alarms: FloorAlarm[];
  waiting: { id: string; queue: string | null; since: string; name: string }[];
  calls: Record<string, Talk>;
  own_calls: Record<string, string>;
  supervisions: Supervision[];
  texts_waiting: number;
  followups_overdue: number;
  lists: { id: number; name: string; open: number; people: number }[];
}

/** One agent's line, with the call and who is in it as a supervisor. */
export interface FloorAgent extends Colleague {
  talk: Talk | null;
  supervisions: Supervision[];
}

/** The agents with what they are in; those who are at a desk first, by name. */
export function agentLines(now: FloorNow): FloorAgent[] {
  return now.agents
    .map((agent) => {
      const callId = now.own_calls[agent.id];
      const talk = callId === undefined ? null : (now.calls[callId] ?? null);
      return { ...agent, talk, supervisions: now.supervisions.filter((each) => each.agent === agent.id) };
    })
    .toSorted(
      (one, other) =>
        Number(one.state === "offline") - Number(other.state === "offline") || one.name.localeCompare(other.name),
    );
}

/** Whether this call can be heard by a supervisor: somebody talks in it, and it is not one's own. */
export function canBeHeard(agent: FloorAgent, username: string): boolean {
  return agent.state === "talking" && agent.talk !== null && !agent.talk.is_rejoining && agent.id !== username;
}

export type Answer = { ok: true; result: Record<string, unknown> } | { ok: false; isSignedOut: boolean; detail: string };

// Asked as htmx does, so that errors come as problem documents in the reader's language.
const HEADERS = { "HX-Request": "true", Accept: "application/json" };

/** What the floor looks like now. */
export async function askNow(signal: AbortSignal): Promise<FloorNow | "signed_out" | null> {
  try {
    const response = await fetch("/floor/now", { headers: HEADERS, cache: "no-store", redirect: "manual", signal });
    if (response.status === 401 || response.status === 403) return "signed_out";
    return response.ok ? ((await response.json()) as FloorNow) : null;
  } catch {
    return null;
  }
}

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

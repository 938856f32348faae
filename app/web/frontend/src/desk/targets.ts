import type { Colleague, BoardQueue, Target } from "@/live/protocol";
import type { Department } from "@/shared/config";

/** One line of the transfer panel. `why` is the key of the words that say why it cannot be chosen; null when it can. */
export interface Choice {
  key: string;
  kind: "colleague" | "queue" | "department" | "number";
  name: string;
  detail: string | null;
  state: Colleague["state"] | null;
  waiting: number | null;
  target: Target;
  why: string | null;
}

interface Places {
  colleagues: Colleague[];
  queues: BoardQueue[];
  departments: Department[];
  self: string;
}

// Who can take a call comes first; who is not there is left out.
const ORDER: Colleague["state"][] = ["ready", "ringing", "talking", "listening", "wrap_up", "not_ready"];
const NUMBER = /^[+0-9][0-9 ()-]{4,24}$/;

/** What fits the words that were typed: by name, and a number that can be dialled as it stands. */
export function choices(typed: string, places: Places): Choice[] {
  const words = typed.trim().toLowerCase();
  const fits = (...texts: string[]) => texts.some((text) => text.toLowerCase().includes(words));
  const colleagues = places.colleagues
    .filter((one) => one.id !== places.self && one.state !== "offline" && fits(one.name, one.id))
    .toSorted((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state))
    .map((one): Choice => ({
      key: `colleague:${one.id}`,
      kind: "colleague",
      name: one.name,
      detail: null,
      state: one.state,
      waiting: null,
      target: { to: one.id },
      why: one.state === "ready" ? null : "lead.notReady",
    }));
  const queues = places.queues
    .filter((queue) => fits(queue.label))
    .map((queue): Choice => ({
      key: `queue:${queue.name}`,
      kind: "queue",
      name: queue.label,
      detail: null,
      state: null,
      waiting: queue.waiting,
      target: { to: queue.name },
      why: null,
    }));
  // A department without a telephone is there for who looks for it, and says so.
  const departments = places.departments
    .filter((one) => fits(one.name) && (one.number_display !== null || words !== ""))
    .map((one): Choice => ({
      key: `department:${one.id}`,
      kind: "department",
      name: one.name,
      detail: one.number_display,
      state: null,
      waiting: null,
      target: { department_id: one.id },
      why: one.number_display === null ? "lead.noNumber" : null,
    }));
  return [...numberOf(typed), ...colleagues, ...queues, ...departments];
}

function numberOf(typed: string): Choice[] {
  const number = typed.trim();
  if (!NUMBER.test(number)) return [];
  const target = { number };
  return [{ key: "number", kind: "number", name: number, detail: null, state: null, waiting: null, target, why: null }];
}

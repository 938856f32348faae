import type { AgentState, BoardSnapshot, FloorSnapshot, Group } from "@/live/protocol";

/** What a supervisor looks at: everything, some queues, a team, or a site. It stands in the page's address. */
export type View =
  | { kind: "all" }
  | { kind: "queue"; queues: string[] }
  | { kind: "team"; id: number }
  | { kind: "site"; id: number };

export function readView(search: string): View {
  const query = new URLSearchParams(search);
  const queues = query.getAll("queue").filter((name) => name !== "");
  if (queues.length > 0) return { kind: "queue", queues };
  for (const kind of ["team", "site"] as const) {
    const id = Number(query.get(kind));
    if (Number.isInteger(id) && id > 0) return { kind, id };
  }
  return { kind: "all" };
}

/** The query of an address that opens this view, with its question mark; empty for everything. */
export function writeView(view: View): string {
  if (view.kind === "all") return "";
  const query = new URLSearchParams();
  if (view.kind === "queue") for (const name of view.queues) query.append("queue", name);
  else query.set(view.kind, String(view.id));
  return `?${query}`;
}

/** What the view is called; nothing when there is no such queue, team or site, and for everything. */
export function nameOf(view: View, board: BoardSnapshot): string | null {
  if (view.kind === "all") return null;
  if (view.kind !== "queue") return groupOf(view, board)?.name ?? null;
  const named = view.queues.map((name) => board.queues.find((queue) => queue.name === name)?.label);
  return named.filter((label) => label !== undefined).join(" · ") || null;
}

/**
 * The board with what belongs to the view only. The agents of a queue are those who serve it; the queues of a team or a
 * site are those that any of its agents serves.
 */
export function narrow(board: BoardSnapshot, view: View): BoardSnapshot {
  if (view.kind === "all") return board;
  if (view.kind === "queue") {
    const queues = board.queues.filter((queue) => view.queues.includes(queue.name));
    const agents = board.agent_list.filter((agent) => view.queues.some((name) => name in agent.queues));
    const alone = queues.length === 1 ? (queues[0]?.occupancy ?? null) : null;
    return cut(board, queues, agents, alone);
  }
  const agents = board.agent_list.filter((agent) => agent[view.kind] === view.id);
  const queues = board.queues.filter((queue) => agents.some((agent) => queue.name in agent.queues));
  return cut(board, queues, agents, groupOf(view, board)?.occupancy ?? null);
}

/** Who waits, asks for help or was changed, of a view. */
export function narrowFloor(floor: FloorSnapshot, view: View, board: BoardSnapshot): FloorSnapshot {
  if (view.kind === "all") return floor;
  const queues = new Set(board.queues.map((queue) => queue.name));
  const agents = new Set(board.agent_list.map((agent) => agent.id));
  return {
    ...floor,
    waiting: floor.waiting.filter((caller) => caller.queue !== null && queues.has(caller.queue)),
    help: floor.help.filter((one) => agents.has(one.agent)),
    servings: floor.servings.filter((one) => one.agents.some((agent) => agents.has(agent))),
  };
}

function groupOf(view: { kind: "team" | "site"; id: number }, board: BoardSnapshot): Group | undefined {
  return (view.kind === "team" ? board.teams : board.sites).find((group) => group.id === view.id);
}

function cut(
  board: BoardSnapshot,
  queues: BoardSnapshot["queues"],
  agents: BoardSnapshot["agent_list"],
  occupancy: number | null,
): BoardSnapshot {
  const names = new Set(queues.map((queue) => queue.name));
  const counts = Object.fromEntries(Object.keys(board.agents).map((state) => [state, 0])) as Record<AgentState, number>;
  for (const agent of agents) counts[agent.state] += 1;
  const alarms = board.alarms.filter((alarm) => names.has(alarm.queue));
  return { ...board, queues, agent_list: agents, agents: counts, occupancy, alarms };
}

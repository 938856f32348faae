/** What a key means in the form: a pure table, so that it can be tested without a page. */
export type Act =
  | { act: "move"; by: 1 | -1 }
  | { act: "answer"; value: string }
  | { act: "digit"; digit: string }
  | { act: "mark" }
  | { act: "comment" }
  | { act: "play" }
  | { act: "seek"; by: number };

const STEP_SECONDS = 5;
const ACTS: ReadonlyMap<string, Act> = new Map<string, Act>([
  ["j", { act: "move", by: 1 }],
  ["k", { act: "move", by: -1 }],
  ["y", { act: "answer", value: "1" }],
  ["n", { act: "answer", value: "0" }],
  ["x", { act: "answer", value: "na" }],
  ["m", { act: "mark" }],
  ["c", { act: "comment" }],
  ["p", { act: "play" }],
  ["[", { act: "seek", by: -STEP_SECONDS }],
  ["]", { act: "seek", by: STEP_SECONDS }],
]);

/** Nothing for a key that is not ours, or with a modifier, which is the browser's. */
export function actOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey">): Act | null {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  if (/^[0-9]$/.test(event.key)) return { act: "digit", digit: event.key };
  return ACTS.get(event.key.toLowerCase()) ?? null;
}

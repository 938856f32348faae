import type { RowChange, Stamp } from "./protocol";

type Row = { id: string | number };

/** A message that carries only what has changed since the one before. */
export type Partial = Stamp & { changes: Record<string, RowChange<Row>> };

export function isPartial(message: Stamp): message is Partial {
  return "changes" in message;
}

/** What is shown after a partial message: the lists of before with its rows in them, everything else as it says. */
export function putTogether<Message extends Stamp>(shown: Message, partial: Partial): Message {
  const { changes, ...rest } = partial;
  const whole = { ...shown, ...rest } as unknown as Record<string, unknown>;
  for (const [name, change] of Object.entries(changes)) {
    const rows = new Map((shown as unknown as Record<string, Row[]>)[name]?.map((row) => [row.id, row]));
    for (const row of change.set) rows.set(row.id, row);
    for (const id of change.gone as Row["id"][]) rows.delete(id);
    whole[name] = [...rows.values()];
  }
  return whole as unknown as Message;
}

const PREFIX = "wardline.draft.";
// Notes are about patients: what was never saved is not kept on a shared computer for longer than a working week.
const KEPT_MS = 7 * 24 * 3600 * 1000;

interface Kept {
  at: number;
  value: unknown;
}

/** What was typed and is not saved yet, kept in this browser so that it survives a reload, sign-out or a lost connection. */
export function readDraft<Value>(key: string): Value | null {
  const kept = parse(localStorage.getItem(PREFIX + key));
  return kept === null ? null : (kept.value as Value);
}

export function keepDraft(key: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify({ at: Date.now(), value } satisfies Kept));
  } catch {
    // The browser's store is full or shut: the text is still on the page.
  }
}

export function dropDraft(key: string): void {
  localStorage.removeItem(PREFIX + key);
}

export function dropOldDrafts(): void {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue;
    const kept = parse(localStorage.getItem(key));
    if (kept === null || Date.now() - kept.at > KEPT_MS) localStorage.removeItem(key);
  }
}

function parse(text: string | null): Kept | null {
  if (text === null) return null;
  try {
    const kept = JSON.parse(text) as Partial<Kept> | null;
    return typeof kept?.at === "number" && "value" in kept ? { at: kept.at, value: kept.value } : null;
  } catch {
    return null;
  }
}

import { onScopeDispose, readonly, ref, type Ref } from "vue";

// A hospital's computers are often minutes off, and every timer on the desk counts from a time of the server's.
let offsetMs = 0;
// The Date header has whole seconds, so a smaller difference cannot be told from none.
const SMALLEST_OFFSET_MS = 1500;

/** The present moment by the server's clock, in milliseconds. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** Learn how far this computer's clock is from the server's. Without an answer the computer's own clock is believed. */
export async function learnServerTime(): Promise<void> {
  try {
    const asked = Date.now();
    const response = await fetch(location.pathname, { method: "HEAD", cache: "no-store", redirect: "manual" });
    const answered = Date.now();
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(date)) return;
    const offset = date + 500 - (asked + answered) / 2;
    offsetMs = Math.abs(offset) < SMALLEST_OFFSET_MS ? 0 : offset;
  } catch {
    // Offline: the live connection says so already.
  }
}

/** A clock for timers on the page: the server's present moment, renewed every `everyMs`. */
export function useNow(everyMs: number): Readonly<Ref<number>> {
  const now = ref(serverNow());
  const timer = setInterval(() => (now.value = serverNow()), everyMs);
  onScopeDispose(() => clearInterval(timer));
  return readonly(now);
}

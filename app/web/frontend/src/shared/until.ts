import { watch } from "vue";

/** Wait until the condition holds, at most `limitMs`. True when it does, false when the time is over. */
export function until(condition: () => boolean, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (holds: boolean) => {
      clearTimeout(timer);
      stop();
      resolve(holds);
    };
    const timer = setTimeout(() => end(false), limitMs);
    // Not immediate: `stop` must exist before the first call.
    const stop = watch(condition, (holds) => {
      if (holds) end(true);
    });
    if (condition()) end(true);
  });
}

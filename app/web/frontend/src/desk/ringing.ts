import { onScopeDispose, watch, type Ref } from "vue";

import { RingTone } from "@/phone/ringtone";

const FLASH_MS = 900;

/** While `who` is named the desk rings and the tab's title flashes; both stop at once when nobody is. */
export function useRinging(who: Ref<string | null>, title: string): void {
  const tone = new RingTone();
  let timer: ReturnType<typeof setInterval> | undefined;

  const stop = () => {
    clearInterval(timer);
    tone.stop();
    document.title = title;
  };
  watch(
    who,
    (name, previous) => {
      if (name === null) return stop();
      if (previous === null || previous === undefined) tone.start();
      clearInterval(timer);
      document.title = `☎ ${name}`;
      timer = setInterval(() => {
        document.title = document.title.startsWith("☎") ? title : `☎ ${name}`;
      }, FLASH_MS);
    },
    { immediate: true },
  );
  onScopeDispose(stop);
}

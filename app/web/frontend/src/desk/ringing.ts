import { onScopeDispose, toValue, watch, type MaybeRefOrGetter, type Ref } from "vue";

import { RingTone, type Ring } from "@/phone/ringtone";

const FLASH_MS = 900;

/**
 * While `who` is named the desk rings and the tab's title flashes; both stop at once when nobody is. Without a `ring`, in a
 * window that only mirrors the phone, the title flashes alone.
 */
export function useRinging(who: Ref<string | null>, title: string, ring: MaybeRefOrGetter<Ring | null>): void {
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
      const sound = toValue(ring);
      if ((previous === null || previous === undefined) && sound !== null) tone.start(sound);
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

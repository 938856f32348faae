import { onScopeDispose, watch, type Ref } from "vue";

// Three rising notes, so that it is not taken for a telephone; again until somebody has seen it.
const NOTES_HZ = [523, 659, 784];
const NOTE_SECONDS = 0.16;
const AGAIN_MS = 5000;
const FLASH_MS = 900;
const VOLUME = 0.18;
const MARK = "✋";

/** While somebody is named the page chimes and the tab's title flashes; both stop when nobody is. */
export function useChime(who: Ref<string | null>, title: string): void {
  let context: AudioContext | null = null;
  let chimes: ReturnType<typeof setInterval> | undefined;
  let flashes: ReturnType<typeof setInterval> | undefined;

  const chime = () => {
    context ??= new AudioContext();
    void context.resume();
    NOTES_HZ.forEach((frequency, index) => play(context as AudioContext, frequency, index * NOTE_SECONDS));
  };
  const stop = () => {
    clearInterval(chimes);
    clearInterval(flashes);
    document.title = title;
  };
  watch(
    who,
    (name, previous) => {
      if (name === null) return stop();
      if (previous === null || previous === undefined) {
        chime();
        chimes = setInterval(chime, AGAIN_MS);
      }
      clearInterval(flashes);
      document.title = `${MARK} ${name}`;
      flashes = setInterval(() => (document.title = document.title.startsWith(MARK) ? title : `${MARK} ${name}`), FLASH_MS);
    },
    { immediate: true },
  );
  onScopeDispose(stop);
}

function play(context: AudioContext, frequency: number, after: number): void {
  const from = context.currentTime + after;
  const tone = new OscillatorNode(context, { type: "triangle", frequency });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(VOLUME, from + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, from + NOTE_SECONDS * 1.8);
  tone.connect(volume).connect(context.destination);
  tone.start(from);
  tone.stop(from + NOTE_SECONDS * 2);
}

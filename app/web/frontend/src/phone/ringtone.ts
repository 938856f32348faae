// Two soft notes, then a rest: heard in a busy room, bearable for eight hours.
const NOTES_HZ = [660, 880];
const NOTE_SECONDS = 0.22;
const CYCLE_MS = 2400;
const VOLUME = 0.16;

/** The ring tone, made by the browser itself: there is no file to load when a call comes. */
export class RingTone {
  private context: AudioContext | null = null;
  private timer: ReturnType<typeof setInterval> | null = null;

  start(): void {
    if (this.timer !== null) return;
    this.context ??= new AudioContext();
    this.playOnce();
    this.timer = setInterval(() => this.playOnce(), CYCLE_MS);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    void this.context?.suspend();
  }

  private playOnce(): void {
    const context = this.context;
    if (context === null) return;
    // Suspended until the user has touched the page or the microphone is open.
    void context.resume();
    NOTES_HZ.forEach((frequency, index) => {
      const from = context.currentTime + index * NOTE_SECONDS;
      const tone = new OscillatorNode(context, { type: "sine", frequency });
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0, from);
      volume.gain.linearRampToValueAtTime(VOLUME, from + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, from + NOTE_SECONDS * 1.6);
      tone.connect(volume).connect(context.destination);
      tone.start(from);
      tone.stop(from + NOTE_SECONDS * 1.7);
    });
  }
}

import type { Quality } from "./quality";
import { isPress, type Press, type Session } from "./machine";

/** What the window that has the phone tells the others of this browser. */
export interface Shown {
  session: Session | null;
  quality: Quality | null;
}

export interface MirrorEvents {
  /** Another window asks what the phone does: the owner tells it. */
  asked: () => void;
  shown: (shown: Shown) => void;
  pressed: (press: Press) => void;
  tone: (tone: string) => void;
}

type Sent =
  | { kind: "ask" }
  | { kind: "show"; shown: Shown }
  | { kind: "press"; press: Press }
  | { kind: "tone"; tone: string };

/** The windows of one agent in this browser: one has the phone, the others show what it does and pass on what is pressed. */
export class Mirror {
  private readonly channel: BroadcastChannel;

  constructor(agent: string, events: MirrorEvents) {
    this.channel = new BroadcastChannel(`wardline-phone-${agent}`);
    this.channel.onmessage = ({ data }: MessageEvent<Sent>) => {
      // A window of an older release may still be open, with other words than these.
      if (data.kind === "ask") events.asked();
      if (data.kind === "show") events.shown(data.shown);
      if (data.kind === "press" && isPress(data.press)) events.pressed(data.press);
      if (data.kind === "tone") events.tone(data.tone);
    };
  }

  ask(): void {
    this.send({ kind: "ask" });
  }

  show(shown: Shown): void {
    // A structured clone refuses Vue's proxies.
    this.send({ kind: "show", shown: JSON.parse(JSON.stringify(shown)) as Shown });
  }

  press(press: Press): void {
    this.send({ kind: "press", press });
  }

  tone(tone: string): void {
    this.send({ kind: "tone", tone });
  }

  private send(sent: Sent): void {
    this.channel.postMessage(sent);
  }
}

import type { Microphone } from "./machine";

const WANTED: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

// By the name of the error of getUserMedia (Media Capture and Streams, section 10.2).
const REASONS: Record<string, Microphone> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotReadableError: "busy",
  AbortError: "busy",
};

export interface MicrophoneEvents {
  changed: (microphone: Microphone) => void;
  /** A call that is up goes on through this one. */
  replaced: (stream: MediaStream) => void;
}

/** The agent's microphone: asked for once, kept open between calls so that answering waits for nothing. */
export class MicrophoneInput {
  private stream: MediaStream | null = null;
  private opening: Promise<MediaStream | null> | null = null;
  private device = "";
  /** Which device the open one was asked for; "" also where the chosen one was not there. */
  private opened = "";

  constructor(private readonly events: MicrophoneEvents) {}

  /** Open it without asking, when the user has already allowed it for this site or allows it later. */
  async openIfAllowed(): Promise<void> {
    const follow = async (permission: PermissionStatus) => {
      if (permission.state === "granted") await this.open();
      if (permission.state === "denied") this.events.changed("denied");
    };
    try {
      const permission = await navigator.permissions.query({ name: "microphone" as PermissionName });
      permission.addEventListener("change", () => void follow(permission));
      await follow(permission);
    } catch {
      // A browser that cannot say: Ready will ask.
    }
  }

  /** The open microphone, asking the user if need be; null when there is none or it is not allowed. */
  async open(): Promise<MediaStream | null> {
    if (this.stream?.active === true) return this.stream;
    this.opening ??= this.openNow().finally(() => (this.opening = null));
    return this.opening;
  }

  /** Use this device from now on, the computer's own for an empty id; also in the middle of a call. */
  async use(device: string): Promise<void> {
    this.device = device;
    await this.opening;
    const former = this.stream;
    if (former === null || this.device === this.opened) return;
    this.stream = null;
    const stream = await this.open();
    if (stream === null) {
      this.stream = former.active ? former : null;
      return;
    }
    this.events.replaced(stream);
    // Only now: a call never has a moment without a microphone that could have one.
    for (const track of former.getTracks()) track.stop();
  }

  private async openNow(): Promise<MediaStream | null> {
    if (navigator.mediaDevices === undefined) {
      this.events.changed("insecure");
      return null;
    }
    try {
      this.stream = await this.ask();
    } catch (error) {
      this.events.changed(REASONS[error instanceof DOMException ? error.name : ""] ?? "missing");
      return null;
    }
    for (const track of this.stream.getAudioTracks()) track.addEventListener("ended", () => void this.lost(track));
    this.events.changed("granted");
    return this.stream;
  }

  private async ask(): Promise<MediaStream> {
    const wanted = this.device;
    if (wanted !== "") {
      try {
        const audio = { ...WANTED, deviceId: { exact: wanted } };
        const stream = await navigator.mediaDevices.getUserMedia({ audio });
        this.opened = wanted;
        return stream;
      } catch (error) {
        if (error instanceof DOMException && REASONS[error.name] !== undefined) throw error;
        // The chosen one is not plugged in: another is better than none.
      }
    }
    const stream = await navigator.mediaDevices.getUserMedia({ audio: WANTED });
    this.opened = "";
    return stream;
  }

  private async lost(track: MediaStreamTrack): Promise<void> {
    if (this.stream?.getTracks().includes(track) !== true) return;
    this.stream = null;
    // Another microphone is better than none; an unplugged headset is often only moved to another socket.
    const stream = await this.open();
    if (stream !== null) return this.events.replaced(stream);
    this.events.changed("missing");
    const again = async () => {
      const found = await this.open();
      if (found !== null) this.events.replaced(found);
    };
    navigator.mediaDevices.addEventListener("devicechange", () => void again(), { once: true });
  }
}

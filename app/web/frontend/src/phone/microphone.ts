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
  private device = "";

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

  /** Use this device from now on, the computer's own for an empty id; also in the middle of a call. */
  async use(device: string): Promise<void> {
    if (device === this.device) return;
    this.device = device;
    if (this.stream === null) return;
    const former = this.stream;
    this.stream = null;
    const stream = await this.open();
    if (stream === null) this.stream = former.active ? former : null;
    else this.events.replaced(stream);
    // Only now: a call never has a moment without a microphone that could have one.
    if (stream !== null) for (const track of former.getTracks()) track.stop();
  }

  private async ask(): Promise<MediaStream> {
    if (this.device === "") return navigator.mediaDevices.getUserMedia({ audio: WANTED });
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: { ...WANTED, deviceId: { exact: this.device } } });
    } catch (error) {
      // Unplugged between the list and the choice.
      if (error instanceof DOMException && REASONS[error.name] !== undefined) throw error;
      return navigator.mediaDevices.getUserMedia({ audio: WANTED });
    }
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

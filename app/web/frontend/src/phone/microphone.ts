import type { Microphone } from "./machine";

const WANTED: MediaStreamConstraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

// By the name of the error of getUserMedia (Media Capture and Streams, section 10.2).
const REASONS: Record<string, Microphone> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** The agent's microphone: asked for once, kept open between calls so that answering waits for nothing. */
export class MicrophoneInput {
  private stream: MediaStream | null = null;

  constructor(private readonly changed: (microphone: Microphone) => void) {}

  /** Open it without asking, when the user has already allowed it for this site or allows it later. */
  async openIfAllowed(): Promise<void> {
    const follow = async (permission: PermissionStatus) => {
      if (permission.state === "granted") await this.open();
      if (permission.state === "denied") this.changed("denied");
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
      this.changed("insecure");
      return null;
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia(WANTED);
    } catch (error) {
      this.changed(REASONS[error instanceof DOMException ? error.name : ""] ?? "missing");
      return null;
    }
    for (const track of this.stream.getAudioTracks()) track.addEventListener("ended", () => this.lost());
    this.changed("granted");
    return this.stream;
  }

  private lost(): void {
    this.stream = null;
    this.changed("missing");
    // An unplugged headset is often only moved to another socket.
    navigator.mediaDevices.addEventListener("devicechange", () => void this.open(), { once: true });
  }
}

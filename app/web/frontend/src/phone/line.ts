import JsSIP from "jssip";
import type { DTMF_TRANSPORT } from "jssip/lib/Constants";
import type { IncomingRTCSessionEvent, RTCSessionEvent } from "jssip/lib/UA";
import type { RTCSession } from "jssip/lib/RTCSession";

import { figuresOf } from "./figures";
import type { LineFigures } from "./quality";

export interface SIPAccount {
  ws_url: string;
  uri: string;
  password: string;
  /** Where a browser behind a router learns its address, or has its sound relayed. */
  ice_servers?: RTCIceServer[];
}

export interface LineEvents {
  registered: () => void;
  registrationRejected: () => void;
  disconnected: () => void;
  invited: (id: string, number: string, isAuto: boolean) => void;
  established: (id: string) => void;
  ended: (id: string) => void;
  held: (id: string, isHeld: boolean) => void;
  audio: (stream: MediaStream) => void;
}

// Asterisk notices the end of the websocket at once; the registration only has to outlive a slow network.
const REGISTER_EXPIRES_SECONDS = 60;
// Host candidates come within a few milliseconds of each other; waiting for the end of gathering can take seconds.
const GATHERING_MS = 40;
// A relay on the Internet answers within a few round trips; a call whose relay is silent begins without it.
const RELAY_MS = 1500;
const ANSWER_HEADER = "X-Wardline-Answer";
const BUSY_HERE = 486;
// Unauthorized, Forbidden, Not Found (RFC 3261, section 21.4). Any other failure is the network's or a restart's.
const REJECTIONS = [401, 403, 404];

/** One connection to the telephone system: used once, then thrown away. Closing twice is harmless. */
export class SIPLine {
  private readonly socket: JsSIP.WebSocketInterface;
  private readonly ua: JsSIP.UA;
  private readonly sessions = new Map<string, RTCSession>();
  private isClosed = false;

  constructor(
    private readonly account: SIPAccount,
    private readonly events: LineEvents,
  ) {
    this.socket = new JsSIP.WebSocketInterface(account.ws_url);
    this.ua = new JsSIP.UA({
      sockets: [this.socket],
      uri: account.uri,
      password: account.password,
      register: true,
      register_expires: REGISTER_EXPIRES_SECONDS,
      session_timers: false,
      user_agent: "Wardline desk",
    });
    this.ua.on("registered", () => this.tell(() => events.registered()));
    this.ua.on("registrationFailed", ({ response }) => {
      const isRejected = REJECTIONS.includes(response?.status_code ?? 0);
      this.tell(() => (isRejected ? events.registrationRejected() : events.disconnected()));
    });
    this.ua.on("unregistered", () => this.tell(() => events.disconnected()));
    this.ua.on("disconnected", () => this.tell(() => events.disconnected()));
    this.ua.on("newRTCSession", (event: RTCSessionEvent) => this.receive(event));
    this.ua.start();
  }

  /** Close the websocket without hanging up: a call that is up is then rejoined by the telephone system. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.disconnect();
    this.ua.stop();
    this.sessions.clear();
  }

  answer(id: string, microphone: MediaStream): void {
    const session = this.sessions.get(id);
    if (session === undefined || session.isEstablished() || session.isEnded()) return;
    for (const track of microphone.getAudioTracks()) track.enabled = true;
    session.answer({ mediaStream: microphone, pcConfig: { iceServers: this.account.ice_servers ?? [] } });
  }

  /** Speak through another microphone from now on; who was muted stays muted. */
  async changeMicrophone(microphone: MediaStream): Promise<void> {
    const [track] = microphone.getAudioTracks();
    if (track === undefined) return;
    for (const session of this.sessions.values()) {
      if (!session.isEstablished()) continue;
      track.enabled = session.isMuted().audio !== true && !session.isOnHold().local;
      for (const sender of session.connection.getSenders()) {
        if (sender.track === null || sender.track.kind === "audio") await sender.replaceTrack(track);
      }
    }
  }

  /** What the browser counts of this call; nothing when there is none. */
  async figures(id: string): Promise<LineFigures | null> {
    const connection = this.sessions.get(id)?.connection;
    return connection === undefined ? null : figuresOf(await connection.getStats());
  }

  reject(id: string): void {
    this.end(id, { status_code: BUSY_HERE });
  }

  hangUp(id: string): void {
    this.end(id, {});
  }

  hold(id: string, on: boolean): void {
    const session = this.sessions.get(id);
    if (on) session?.hold();
    else session?.unhold();
  }

  mute(id: string, on: boolean): void {
    const session = this.sessions.get(id);
    if (on) session?.mute({ audio: true });
    else session?.unmute({ audio: true });
  }

  sendTone(id: string, tone: string): void {
    this.sessions.get(id)?.sendDTMF(tone, {
      duration: 160,
      interToneGap: 80,
      transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 as DTMF_TRANSPORT,
    });
  }

  private receive(event: RTCSessionEvent): void {
    if (event.originator !== "remote") return;
    const { session, request } = event as IncomingRTCSessionEvent;
    const id = session.id;
    this.sessions.set(id, session);
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", (track) => {
        const stream = track.streams[0] ?? new MediaStream([track.track]);
        this.tell(() => this.events.audio(stream));
      });
    });
    session.on("icecandidate", ({ candidate, ready }) => {
      const isLast = this.needsRelay() ? candidate.type === "relay" : true;
      setTimeout(ready, isLast ? GATHERING_MS : RELAY_MS);
    });
    session.on("accepted", () => this.tell(() => this.events.established(id)));
    session.on("hold", ({ originator }) => this.tellHeld(id, originator, true));
    session.on("unhold", ({ originator }) => this.tellHeld(id, originator, false));
    session.on("ended", () => this.forget(id));
    session.on("failed", () => this.forget(id));
    const isAuto = request.getHeader(ANSWER_HEADER) === "auto";
    this.tell(() => this.events.invited(id, signalledNumber(session.remote_identity.uri.user), isAuto));
  }

  private needsRelay(): boolean {
    return (this.account.ice_servers ?? []).some(({ urls }) => [urls].flat().some((url) => url.startsWith("turn")));
  }

  private end(id: string, options: { status_code?: number }): void {
    const session = this.sessions.get(id);
    if (session !== undefined && !session.isEnded()) session.terminate(options);
  }

  private forget(id: string): void {
    this.sessions.delete(id);
    this.tell(() => this.events.ended(id));
  }

  private tellHeld(id: string, originator: string, isHeld: boolean): void {
    if (originator === "local") this.tell(() => this.events.held(id, isHeld));
  }

  private tell(event: () => void): void {
    if (!this.isClosed) event();
  }
}

/** The network's words about the caller are anybody's text: only what can be dialled is kept. */
function signalledNumber(user: string | null): string {
  return (user ?? "").replace(/[^0-9+*#]/g, "").slice(0, 32);
}

import { io, type Socket } from "socket.io-client";

import { randomId } from "@/shared/ids";

import { isPartial, putTogether } from "./changes";
import { judge } from "./order";
import type {
  ClientEvents,
  CommandAnswer,
  CommandArguments,
  CommandKind,
  ServerEvents,
  Stamp,
} from "./protocol";

type Stream = "desk" | "board" | "inbox" | "message" | "floor";
const REFETCHED: Record<Stream, "desk" | "board" | "inbox" | "floor"> = {
  desk: "desk",
  board: "board",
  inbox: "inbox",
  message: "inbox",
  floor: "floor",
};

// Telephony refuses a command after 5 s; one more for the way back, and the agent knows that nothing was done.
const COMMAND_TIMEOUT_MS = 6000;

/** Random for each load of the page: the server tells a reloaded page from the one before by it. */
export const PAGE = randomId();

type Connection = Socket<ServerEvents, ClientEvents>;

export type CommandOutcome = CommandAnswer | { ok: false; code: "not_connected" | "no_answer"; detail: "" };

/** The one Socket.IO connection of the page: websocket only, reconnecting by itself, streams kept in order. */
export class LiveConnection {
  readonly socket: Connection;
  private last = new Map<Stream, Stamp>();
  // A command whose answer never came may have been done: pressed again at once, it goes out under the same id. After any
  // other command it is a new wish and gets a new id.
  private unanswered: { same: string; id: string } | null = null;
  private isSignedOut = false;

  constructor() {
    this.socket = io({
      transports: ["websocket"],
      autoConnect: false,
      reconnectionDelay: 300,
      reconnectionDelayMax: 5000,
      randomizationFactor: 0.3,
      timeout: 5000,
    });
    // Not on "connect": what the server sent while it accepted the connection is delivered before that event.
    this.socket.on("disconnect", (reason) => {
      this.last.clear();
      // The server hangs up for good reasons of its own; any other loss is reconnected by itself.
      if (reason === "io server disconnect" && !this.isSignedOut) this.socket.connect();
    });
  }

  /** Call `told` when the sign-in has ended; the connection then stays closed. */
  whenSignedOut(told: () => void): void {
    const end = () => {
      if (this.isSignedOut) return;
      this.isSignedOut = true;
      this.socket.disconnect();
      told();
    };
    this.socket.on("signed_out", end);
    this.socket.on("connect_error", async () => {
      if (await isSignInWanted()) end();
    });
  }

  /** Connect again, after somebody has signed in on this page. */
  resume(): void {
    this.isSignedOut = false;
    this.socket.connect();
  }

  /** Call `take` with each message of the stream that is newer than what the page shows. */
  follow<Message extends Stamp>(stream: Stream, take: (message: Message) => void): void {
    let shown: Message | null = null;
    const receive = (message: Message) => {
      const last = this.last.get(stream) ?? null;
      if (last === null) shown = null;
      const verdict = judge(last, message);
      this.last.set(stream, { n: message.n, seq: Math.max(message.seq, last?.seq ?? 0) });
      if (isPartial(message)) {
        // Changes to anything but what came just before them would show what never was.
        shown = verdict === "take" && shown !== null ? putTogether(shown, message) : null;
        if (shown !== null) take(shown);
        else this.socket.emit("snapshot", { stream: REFETCHED[stream] });
        return;
      }
      if (verdict === "take_and_refetch") this.socket.emit("snapshot", { stream: REFETCHED[stream] });
      if (verdict === "ignore") return;
      shown = message;
      take(message);
    };
    this.socket.on(stream, receive as never);
  }

  /** Send a command and wait for its answer. Never buffered: without a connection nothing is sent, and the answer says so. */
  async send<Kind extends CommandKind>(kind: Kind, args: CommandArguments[Kind]): Promise<CommandOutcome> {
    if (!this.socket.connected) return { ok: false, code: "not_connected", detail: "" };
    const same = `${kind} ${JSON.stringify(args)}`;
    const id = this.unanswered?.same === same ? this.unanswered.id : randomId();
    this.unanswered = { same, id };
    try {
      const answer = await this.socket.timeout(COMMAND_TIMEOUT_MS).emitWithAck("command", { id, kind, args });
      if (this.unanswered?.id === id) this.unanswered = null;
      return answer;
    } catch {
      return { ok: false, code: "no_answer", detail: "" };
    }
  }
}

/** A browser keeps to itself why a websocket was refused, so the page asks for itself: the door sends it to the sign-in. */
async function isSignInWanted(): Promise<boolean> {
  try {
    const response = await fetch(location.pathname, { method: "HEAD", cache: "no-store", redirect: "manual" });
    return response.type === "opaqueredirect" || response.status === 401;
  } catch {
    return false;
  }
}

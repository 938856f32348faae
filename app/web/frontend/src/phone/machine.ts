// What the desk's phone is doing, and what follows from what happens to it. Values only: JsSIP, the microphone and the
// clock are in phone.ts, which carries out the effects.

export type Line =
  | "off" // this user has no phone
  | "elsewhere" // another window of this browser owns the phone; this one mirrors
  | "connecting" // the websocket or the registration is under way
  | "registered" // calls ring here
  | "waiting" // the connection is lost; the next attempt is due at `retryAt`
  | "refused"; // the telephone system rejects this account

export type Microphone =
  | "unknown" // not asked for yet
  | "granted"
  | "denied" // the user or the computer's settings forbid it
  | "missing" // there is none
  | "busy" // another program holds it
  | "insecure"; // the browser gives none to a page that is not served securely

export interface Session {
  id: string;
  number: string;
  isAuto: boolean;
  stage: "ringing" | "answering" | "talking";
  isHeld: boolean;
  isMuted: boolean;
  since: number;
}

export interface PhoneState {
  line: Line;
  lineSince: number;
  retryAt: number | null;
  failures: number;
  microphone: Microphone;
  session: Session | null;
  /** The window that has the phone has told this one what it does: what is pressed here is passed on to it. */
  hasOwner: boolean;
  /** This window had the phone, and another one took it over. */
  isTaken: boolean;
  /** What the agent pressed before the INVITE was here. */
  wish: "answer" | "reject" | null;
}

export type PhoneEvent =
  | { kind: "lock_gained" }
  | { kind: "lock_lost" }
  | { kind: "registered" }
  | { kind: "registration_rejected" }
  | { kind: "disconnected" }
  | { kind: "retry_due" }
  | { kind: "microphone"; microphone: Microphone }
  | { kind: "invited"; id: string; number: string; isAuto: boolean }
  | { kind: "established"; id: string }
  | { kind: "ended"; id: string }
  | { kind: "held"; id: string; isHeld: boolean }
  | { kind: "mirrored"; session: Session | null }
  | { kind: "offer_over" }
  | Press;

/** What an agent presses on the phone, in whichever window. */
export type Press = { kind: "answer_pressed" | "reject_pressed" | "hang_up_pressed" | "hold_pressed" | "mute_pressed" };
const PRESSES: readonly string[] = ["answer_pressed", "reject_pressed", "hang_up_pressed", "hold_pressed", "mute_pressed"];

export function isPress(event: { kind: string }): event is Press {
  return PRESSES.includes(event.kind);
}

export type PhoneEffect =
  | { kind: "pass_on"; press: Press }
  | { kind: "connect" }
  | { kind: "drop_connection" }
  | { kind: "wake_at"; at: number }
  | { kind: "answer"; id: string }
  | { kind: "reject"; id: string }
  | { kind: "hang_up"; id: string }
  | { kind: "hold"; id: string; on: boolean }
  | { kind: "mute"; id: string; on: boolean };

export interface Step {
  state: PhoneState;
  effects: PhoneEffect[];
}

// A reload must be back on the call within about 0.7 s, so the first attempts are quick; a telephone system that is down
// for long is asked every 5 s.
const RETRY_MS = [300, 600, 1200, 2400, 5000];
// The telephone system learns of a new account within seconds; a password that stays wrong is not worth asking often.
const REJECTED_RETRY_MS = [2_000, 4_000, 15_000];

export function initialPhone(now: number, hasPhone: boolean): PhoneState {
  return {
    line: hasPhone ? "elsewhere" : "off",
    lineSince: now,
    retryAt: null,
    failures: 0,
    microphone: "unknown",
    session: null,
    hasOwner: false,
    isTaken: false,
    wish: null,
  };
}

/** The state after an event, and what must be done about it. An event that does not fit the state changes nothing. */
export function step(state: PhoneState, event: PhoneEvent, now: number): Step {
  if (state.line === "elsewhere" && isPress(event)) {
    return { state, effects: state.hasOwner ? [{ kind: "pass_on", press: event }] : [] };
  }
  switch (event.kind) {
    case "lock_gained":
      // What was mirrored was the other window's: its call comes here as an INVITE of its own.
      return {
        state: { ...onLine(state, "connecting", now), session: null, hasOwner: false, isTaken: false },
        effects: [{ kind: "connect" }],
      };
    case "mirrored":
      return unchangedUnless(state.line === "elsewhere", state, () => ({
        state: { ...state, session: event.session, hasOwner: true },
        effects: [],
      }));
    case "lock_lost":
      return {
        state: { ...onLine(state, "elsewhere", now), session: null, hasOwner: false, isTaken: true, wish: null, failures: 0 },
        effects: [{ kind: "drop_connection" }],
      };
    case "registered":
      return unchangedUnless(ownsLine(state), state, () => ({
        state: { ...onLine(state, "registered", now), failures: 0 },
        effects: [],
      }));
    case "registration_rejected":
      return unchangedUnless(ownsLine(state), state, () => retryLater(state, "refused", retryDelay(REJECTED_RETRY_MS, state.failures), now));
    case "disconnected":
      return unchangedUnless(ownsLine(state), state, () => retryLater(state, "waiting", retryDelay(RETRY_MS, state.failures), now));
    case "retry_due":
      return unchangedUnless(state.retryAt !== null, state, () => ({
        state: { ...state, line: "connecting", retryAt: null },
        effects: [{ kind: "connect" }],
      }));
    case "microphone":
      return { state: { ...state, microphone: event.microphone }, effects: [] };
    case "invited":
      return invited(state, event, now);
    case "established":
      return withSession(state, event.id, (session) => ({
        state: { ...state, session: { ...session, stage: "talking", since: now } },
        effects: [],
      }));
    case "ended":
      return withSession(state, event.id, () => ({ state: { ...state, session: null, wish: null }, effects: [] }));
    case "held":
      return withSession(state, event.id, (session) => ({
        state: { ...state, session: { ...session, isHeld: event.isHeld } },
        effects: [],
      }));
    case "answer_pressed":
      return answerPressed(state);
    case "reject_pressed":
      return rejectPressed(state);
    case "offer_over":
      return { state: { ...state, wish: null }, effects: [] };
    case "hang_up_pressed":
      return unchangedUnless(state.session !== null, state, () => ({
        state: { ...state, session: null, wish: null },
        effects: [{ kind: "hang_up", id: state.session?.id ?? "" }],
      }));
    case "hold_pressed":
      return inTalk(state, (session) => ({
        state,
        effects: [{ kind: "hold", id: session.id, on: !session.isHeld }],
      }));
    case "mute_pressed":
      return inTalk(state, (session) => ({
        state: { ...state, session: { ...session, isMuted: !session.isMuted } },
        effects: [{ kind: "mute", id: session.id, on: !session.isMuted }],
      }));
  }
}

function onLine(state: PhoneState, line: Line, now: number): PhoneState {
  return { ...state, line, lineSince: state.line === line ? state.lineSince : now, retryAt: null };
}

function ownsLine(state: PhoneState): boolean {
  return state.line !== "off" && state.line !== "elsewhere";
}

function retryDelay(delays: number[], failures: number): number {
  return delays[Math.min(failures, delays.length - 1)] ?? 5000;
}

/** "Lost for 12 s" counts from the loss, not from the latest attempt. */
function retryLater(state: PhoneState, line: "waiting" | "refused", delay: number, now: number): Step {
  const wasUp = state.line === "registered" || state.failures === 0;
  return {
    state: {
      ...state,
      line,
      lineSince: wasUp ? now : state.lineSince,
      retryAt: now + delay,
      failures: state.failures + 1,
      session: null,
      wish: null,
    },
    effects: [{ kind: "drop_connection" }, { kind: "wake_at", at: now + delay }],
  };
}

function invited(state: PhoneState, event: Extract<PhoneEvent, { kind: "invited" }>, now: number): Step {
  const previous = state.session;
  // Telephony offers one call at a time. A second INVITE is either the rejoin of the same call, whose first leg is dead, or
  // a mistake that must not disturb the patient on the line.
  if (previous !== null && !event.isAuto) return { state, effects: [{ kind: "reject", id: event.id }] };
  const effects: PhoneEffect[] = previous === null ? [] : [{ kind: "hang_up", id: previous.id }];
  if (state.wish === "reject" && !event.isAuto) {
    return { state: { ...state, wish: null }, effects: [...effects, { kind: "reject", id: event.id }] };
  }
  const answers = event.isAuto || state.wish === "answer";
  if (answers) effects.push({ kind: "answer", id: event.id });
  const session: Session = {
    id: event.id,
    number: event.number,
    isAuto: event.isAuto,
    stage: answers ? "answering" : "ringing",
    isHeld: false,
    isMuted: false,
    since: now,
  };
  return { state: { ...state, session, wish: null }, effects };
}

function answerPressed(state: PhoneState): Step {
  if (state.session === null) return { state: { ...state, wish: "answer" }, effects: [] };
  if (state.session.stage !== "ringing") return { state, effects: [] };
  return {
    state: { ...state, session: { ...state.session, stage: "answering" } },
    effects: [{ kind: "answer", id: state.session.id }],
  };
}

function rejectPressed(state: PhoneState): Step {
  if (state.session === null) return { state: { ...state, wish: "reject" }, effects: [] };
  if (state.session.stage === "talking") return { state, effects: [] };
  return { state: { ...state, session: null }, effects: [{ kind: "reject", id: state.session.id }] };
}

function unchangedUnless(holds: boolean, state: PhoneState, change: () => Step): Step {
  return holds ? change() : { state, effects: [] };
}

function withSession(state: PhoneState, id: string, change: (session: Session) => Step): Step {
  return state.session?.id === id ? change(state.session) : { state, effects: [] };
}

function inTalk(state: PhoneState, change: (session: Session) => Step): Step {
  return state.session?.stage === "talking" ? change(state.session) : { state, effects: [] };
}

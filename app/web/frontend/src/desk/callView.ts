import type { Call, DeskSnapshot, PatientCard } from "@/live/protocol";
import type { PhoneState } from "@/phone/machine";

/** What the call bar shows: the server's call and the phone's session, told as one. */
export type CallStage =
  | "none"
  | "offered" // rings here: Answer and Reject
  | "offered_elsewhere" // rings in the window that has the phone
  | "connecting" // answered here, not through yet
  | "calling" // outbound: the agent's leg is up, the patient's rings
  | "live"
  | "rejoining" // the call is up and waits for this desk's leg
  | "ended"; // in wrap-up, or over before it was answered

export interface CallView {
  stage: CallStage;
  call: Call | null;
  /** The number the phone shows when nothing is known from the server. */
  number: string | null;
}

const NO_CALL: CallView = { stage: "none", call: null, number: null };

/**
 * One view of the call. The phone is believed about its own leg, because it knows first and also while the server is out of
 * reach; the server is believed about everything else. While `isServerExpected` an INVITE that the server has not told of
 * yet is held back, so that the pop comes once and with the name.
 */
export function callView(
  snapshot: DeskSnapshot | null,
  phone: PhoneState,
  isConnected: boolean,
  isServerExpected = false,
): CallView {
  const call = snapshot?.call ?? null;
  const session = phone.session;
  // A supervisor's phone in a colleague's call: the desk says so in a line of its own.
  if (snapshot?.agent.state === "listening" && call === null) return NO_CALL;
  const isOpen = call !== null && call.ended_at === null && (call.state === "ringing" || call.state === "answered");
  if (session?.stage === "ringing" && !isOpen && isConnected && isServerExpected) return NO_CALL;
  if (session !== null && (!isOpen || (!isConnected && session.stage === "ringing"))) {
    return { stage: sessionStage(session.stage), call: null, number: session.number };
  }
  if (call === null) return NO_CALL;
  // Who has handed the call on has no part in it any more, however long it goes on.
  const isOver = !isOpen || (snapshot?.agent.state === "wrap_up" && session === null);
  if (isOver) return { stage: "ended", call, number: call.number };
  const isRung = snapshot?.agent.state === "ringing";
  const isBetweenUs = call.direction === "internal" || call.consult?.is_asked === true;
  return { stage: isBetweenUs ? ourStage(call, phone, isRung) : openStage(call, phone), call, number: call.number };
}

/** The person the call is about; null while several are possible or nobody is known. */
export function knownPatient(view: CallView): PatientCard | null {
  return view.call?.patient ?? null;
}

function sessionStage(stage: "ringing" | "answering" | "talking"): CallStage {
  return { ringing: "offered", answering: "connecting", talking: "live" }[stage] as CallStage;
}

/** Among colleagues: a call of theirs, or one who is asked about a patient. */
function ourStage(call: Call, phone: PhoneState, isRung: boolean): CallStage {
  const isElsewhere = phone.line === "elsewhere" || phone.line === "off";
  if (isRung) {
    if (phone.session?.stage === "answering" || phone.wish === "answer") return "connecting";
    if (phone.session?.stage === "talking") return "live";
    return isElsewhere ? "offered_elsewhere" : "offered";
  }
  return call.direction === "internal" && call.state === "ringing" ? "calling" : "live";
}

function openStage(call: Call, phone: PhoneState): CallStage {
  const session = phone.session;
  const isElsewhere = phone.line === "elsewhere" || phone.line === "off";
  // A patient whom we called and who waits in a queue is offered like any other.
  if (call.direction === "outbound" && call.state === "ringing" && call.queue === null) return "calling";
  if (session?.stage === "talking") return "live";
  if (session?.stage === "answering") return "connecting";
  if (call.state === "answered") return isElsewhere || !call.is_rejoining ? "live" : "rejoining";
  if (phone.wish === "answer") return "connecting";
  // A window that mirrors the one that rings passes the answer on to it.
  return isElsewhere && session === null ? "offered_elsewhere" : "offered";
}

import { describe, expect, test } from "vitest";

import type { Call, DeskSnapshot } from "@/live/protocol";
import { initialPhone, type PhoneState, type Session } from "@/phone/machine";

import { callView } from "./callView";

const AT = "2026-11-21T06:00:00Z";

const ringing: Call = {
  id: "c1",
  direction: "inbound",
  state: "ringing",
  number: "+8613800138000",
  number_display: "138 0013 8000",
  queue: "hotline",
  queue_label: "Hotline",
  started_at: AT,
  offered_at: AT,
  answered_at: null,
  ended_at: null,
  outcome: null,
  ended_by: null,
  is_held: false,
  is_rejoining: false,
  consult: null,
  colleague: null,
  recording_paused_at: null,
  is_recording_stalled: false,
  transferred_to: null,
  waited_seconds: 4,
  disposition: null,
  note: null,
  match_state: "none",
  patient: null,
  candidates: [],
  hidden_candidates: 0,
  is_outside_scope: false,
  verification: { at: null, kinds: [], tries_left: 5 },
  focus: null,
  task_id: null,
  kept_since: null,
  tasks: [],
};
const answered: Call = { ...ringing, state: "answered", answered_at: AT };

const session: Session = {
  id: "s1",
  number: "13800138000",
  isAuto: false,
  stage: "ringing",
  isHeld: false,
  isMuted: false,
  since: 0,
};

function desk(call: Call | null): DeskSnapshot {
  return {
    n: 1,
    seq: 1,
    at: AT,
    agent: { id: "bob", name: "Bob", state: "ready", reason: null, since: AT, wrap_up_until: null, after: null },
    call,
    links: {
      telephony: { state: "up", since: AT, detail: null },
      sms: { state: "bound", since: AT, detail: null },
    },
    supervision: null, help: null,
    notices: [],
    parked: [],
  };
}

function phone(changes: Partial<PhoneState>): PhoneState {
  return { ...initialPhone(0, true), line: "registered", ...changes };
}

describe("the call on the desk", () => {
  test("a call that rings at the server is offered before its INVITE is here", () => {
    expect(callView(desk(ringing), phone({}), true).stage).toBe("offered");
  });

  test("an INVITE is offered with its number when the server is out of reach", () => {
    expect(callView(desk(null), phone({ session }), false)).toMatchObject({ stage: "offered", call: null, number: "13800138000" });
  });

  test("the pop waits a moment for the name, unless the server is out of reach", () => {
    expect(callView(desk(null), phone({ session }), true, true).stage).toBe("none");
    expect(callView(desk(ringing), phone({ session }), true, true).stage).toBe("offered");
    expect(callView(desk(null), phone({ session }), false, true).stage).toBe("offered");
  });

  test("an old call of the server is not shown for a new INVITE while the server is out of reach", () => {
    expect(callView(desk(answered), phone({ session }), false).call).toBeNull();
  });

  test("the controls of a live call come as soon as the phone is through", () => {
    expect(callView(desk(ringing), phone({ session: { ...session, stage: "talking" } }), true).stage).toBe("live");
  });

  test("an outbound call is shown as calling until the patient answers", () => {
    const outbound: Call = { ...ringing, direction: "outbound", queue: null };
    const through = phone({ session: { ...session, stage: "talking", isAuto: true } });
    expect(callView(desk(outbound), through, true).stage).toBe("calling");
    expect(callView(desk({ ...outbound, state: "answered" }), through, true).stage).toBe("live");
  });

  test("a patient who was called without an agent and waits in a queue is offered like any other", () => {
    const handedOver: Call = { ...ringing, direction: "outbound" };
    expect(callView(desk(handedOver), phone({ session }), true).stage).toBe("offered");
  });

  test("a window that mirrors the one that rings offers the call as well: an answer is passed on", () => {
    expect(callView(desk(ringing), phone({ line: "elsewhere", session }), true).stage).toBe("offered");
  });

  test("a call that rings at no window of this browser is shown without an answer", () => {
    expect(callView(desk(ringing), phone({ line: "elsewhere" }), true).stage).toBe("offered_elsewhere");
  });

  test("a reloaded page shows that it rejoins until its leg is up", () => {
    expect(callView(desk({ ...answered, is_rejoining: true }), phone({}), true).stage).toBe("rejoining");
  });

  test("a call in wrap-up is shown as ended", () => {
    expect(callView(desk({ ...answered, ended_at: AT }), phone({}), true).stage).toBe("ended");
  });
});

describe("a call among colleagues", () => {
  const rung = (call: Call): DeskSnapshot => ({ ...desk(call), agent: { ...desk(call).agent, state: "ringing" } });
  const consult = { state: "ringing" as const, with: "bob", name: "Bob", is_asked: true };
  const internal: Call = { ...ringing, direction: "internal", queue: null, colleague: { id: "alice", name: "Alice" } };
  const talking = phone({ session: { ...session, stage: "talking" } });

  test("who is asked about a patient is offered the call though the patient was answered long ago", () => {
    expect(callView(rung({ ...answered, consult }), phone({ session }), true).stage).toBe("offered");
    expect(callView(desk({ ...answered, consult: { ...consult, state: "talking" } }), talking, true).stage).toBe("live");
  });

  test("who asks stays on the line", () => {
    const asks = { ...answered, consult: { ...consult, is_asked: false } };
    expect(callView(desk(asks), talking, true).stage).toBe("live");
  });

  test("who calls a colleague sees it ring, and the colleague is offered it", () => {
    expect(callView(desk(internal), talking, true).stage).toBe("calling");
    expect(callView(rung(internal), phone({ session }), true).stage).toBe("offered");
    expect(callView(desk({ ...internal, state: "answered" }), talking, true).stage).toBe("live");
  });

  test("who handed a call on sees it as ended while it goes on with somebody else", () => {
    const handedOn: DeskSnapshot = { ...desk(answered), agent: { ...desk(answered).agent, state: "wrap_up" } };
    expect(callView(handedOn, phone({}), true).stage).toBe("ended");
  });
});

test("a supervisor's phone in a colleague's call is no call of the desk", () => {
  const listening = { ...desk(null), agent: { ...desk(null).agent, state: "listening" as const } };
  expect(callView(listening, phone({ session: { ...session, stage: "talking" } }), true).stage).toBe("none");
});

import { describe, expect, test } from "vitest";

import { initialPhone, step, type PhoneEffect, type PhoneEvent, type PhoneState } from "./machine";

/** Play a conversation: these events arrive one second apart; the last state and all effects come out. */
function play(events: PhoneEvent[], from: PhoneState = initialPhone(0, true)): { state: PhoneState; effects: PhoneEffect[] } {
  let state = from;
  const effects: PhoneEffect[] = [];
  events.forEach((event, index) => {
    const next = step(state, event, (index + 1) * 1000);
    state = next.state;
    effects.push(...next.effects);
  });
  return { state, effects };
}

const registered = play([{ kind: "lock_gained" }, { kind: "registered" }]).state;
const invite = (id: string, isAuto = false): PhoneEvent => ({ kind: "invited", id, number: "13800138000", isAuto });

describe("the line", () => {
  test("the phone connects when this window becomes its owner", () => {
    const { state, effects } = play([{ kind: "lock_gained" }]);
    expect(state.line).toBe("connecting");
    expect(effects).toEqual([{ kind: "connect" }]);
  });

  test("a window that does not own the phone never registers", () => {
    const { state, effects } = play([{ kind: "registered" }, { kind: "disconnected" }]);
    expect(state.line).toBe("elsewhere");
    expect(effects).toEqual([]);
  });

  test("attempts come after 0.3, 0.6, 1.2, 2.4 and then every 5 seconds", () => {
    const tries = Array.from({ length: 6 }, (): PhoneEvent[] => [{ kind: "disconnected" }, { kind: "retry_due" }]).flat();
    const { effects } = play(tries, registered);
    const delays = effects.flatMap((effect, index) =>
      effect.kind === "wake_at" ? [effect.at - (Math.floor(index / 3) * 2 + 1) * 1000] : [],
    );
    expect(delays).toEqual([300, 600, 1200, 2400, 5000, 5000]);
  });

  test("the time of a loss is kept over the attempts that fail", () => {
    const { state } = play([{ kind: "disconnected" }, { kind: "retry_due" }, { kind: "disconnected" }], registered);
    expect(state.lineSince).toBe(1000);
  });

  test("a rejected account is told apart, asks again soon, and waits longer each time", () => {
    const rejected: PhoneEvent = { kind: "registration_rejected" };
    const { state } = play([rejected], registered);
    expect(state.line).toBe("refused");
    expect(state.retryAt).toBe(3_000);
    const tries: PhoneEvent[] = [rejected, { kind: "retry_due" }, rejected, { kind: "retry_due" }, rejected];
    expect(play(tries, registered).state.retryAt).toBe(20_000);
  });

  test("the phone that another window took over is dropped without a word to the caller", () => {
    const { state, effects } = play([invite("a"), { kind: "answer_pressed" }, { kind: "established", id: "a" }, { kind: "lock_lost" }], registered);
    expect(state).toMatchObject({ line: "elsewhere", session: null, isTaken: true });
    expect(effects.at(-1)).toEqual({ kind: "drop_connection" });
    expect(effects.filter((effect) => effect.kind === "hang_up")).toEqual([]);
  });
});

describe("an offered call", () => {
  test("it rings until the agent answers", () => {
    expect(play([invite("a")], registered).state.session?.stage).toBe("ringing");
    const { state, effects } = play([invite("a"), { kind: "answer_pressed" }], registered);
    expect(state.session?.stage).toBe("answering");
    expect(effects).toEqual([{ kind: "answer", id: "a" }]);
  });

  test("Answer pressed before the INVITE is here answers it when it comes", () => {
    const { state, effects } = play([{ kind: "answer_pressed" }, invite("a")], registered);
    expect(effects).toEqual([{ kind: "answer", id: "a" }]);
    expect(state.wish).toBeNull();
  });

  test("Reject pressed before the INVITE is here rejects it when it comes", () => {
    const { state, effects } = play([{ kind: "reject_pressed" }, invite("a")], registered);
    expect(effects).toEqual([{ kind: "reject", id: "a" }]);
    expect(state.session).toBeNull();
  });

  test("a wish for an offer that is over does not answer the next call", () => {
    const { state } = play([{ kind: "answer_pressed" }, { kind: "offer_over" }, invite("b")], registered);
    expect(state.session?.stage).toBe("ringing");
  });

  test("a double press on Answer answers once", () => {
    const { effects } = play([invite("a"), { kind: "answer_pressed" }, { kind: "answer_pressed" }], registered);
    expect(effects).toEqual([{ kind: "answer", id: "a" }]);
  });

  test("a call that must be answered by the page is answered without ringing", () => {
    const { state, effects } = play([invite("a", true)], registered);
    expect(state.session?.stage).toBe("answering");
    expect(effects).toEqual([{ kind: "answer", id: "a" }]);
  });
});

describe("a live call", () => {
  const talking = play([invite("a"), { kind: "answer_pressed" }, { kind: "established", id: "a" }], registered).state;

  test("a second offer is turned away and the patient on the line is not disturbed", () => {
    const { state, effects } = play([invite("b")], talking);
    expect(effects).toEqual([{ kind: "reject", id: "b" }]);
    expect(state.session?.id).toBe("a");
  });

  test("the rejoin of the call replaces its dead leg", () => {
    const { state, effects } = play([invite("b", true)], talking);
    expect(effects).toEqual([
      { kind: "hang_up", id: "a" },
      { kind: "answer", id: "b" },
    ]);
    expect(state.session?.id).toBe("b");
  });

  test("hold is shown only when the telephone system has agreed", () => {
    const asked = play([{ kind: "hold_pressed" }], talking);
    expect(asked.effects).toEqual([{ kind: "hold", id: "a", on: true }]);
    expect(asked.state.session?.isHeld).toBe(false);
    expect(play([{ kind: "held", id: "a", isHeld: true }], asked.state).state.session?.isHeld).toBe(true);
  });

  test("mute is at once", () => {
    expect(play([{ kind: "mute_pressed" }], talking).state.session?.isMuted).toBe(true);
  });

  test("the end of another leg does not end this one", () => {
    expect(play([{ kind: "ended", id: "old" }], talking).state.session?.id).toBe("a");
  });

  test("a lost connection ends the leg here; the call itself is rejoined by the telephone system", () => {
    const { state, effects } = play([{ kind: "disconnected" }], talking);
    expect(state.session).toBeNull();
    expect(effects.map((effect) => effect.kind)).toEqual(["drop_connection", "wake_at"]);
  });
});

describe("a window that mirrors the phone", () => {
  const session = { id: "1", number: "13800138000", isAuto: false, stage: "ringing" as const, isHeld: false, isMuted: false, since: 0 };
  const mirroring = play([{ kind: "mirrored", session }]).state;

  test("shows the call of the window that has the phone", () => {
    expect(mirroring.session).toEqual(session);
    expect(mirroring.line).toBe("elsewhere");
  });

  test("passes on what is pressed and does nothing by itself", () => {
    const { state, effects } = play([{ kind: "answer_pressed" }, { kind: "mute_pressed" }, { kind: "hang_up_pressed" }], mirroring);
    expect(state).toEqual(mirroring);
    expect(effects).toEqual([
      { kind: "pass_on", press: { kind: "answer_pressed" } },
      { kind: "pass_on", press: { kind: "mute_pressed" } },
      { kind: "pass_on", press: { kind: "hang_up_pressed" } },
    ]);
  });

  test("passes nothing on while no window has told that it has the phone", () => {
    expect(play([{ kind: "answer_pressed" }]).effects).toEqual([]);
  });

  test("forgets the other window's call when it gets the phone itself: the call comes as an INVITE", () => {
    const { state, effects } = play([{ kind: "lock_gained" }], mirroring);
    expect(state.session).toBeNull();
    expect(effects).toEqual([{ kind: "connect" }]);
  });

  test("a window that has the phone believes no other one", () => {
    expect(play([{ kind: "mirrored", session }], registered).state.session).toBeNull();
  });

  test("a window whose phone was taken over mirrors the one that took it", () => {
    const taken = play([invite("a"), { kind: "lock_lost" }], registered).state;
    expect(taken.session).toBeNull();
    expect(play([{ kind: "mirrored", session }], taken).state).toMatchObject({ session, isTaken: true, hasOwner: true });
  });
});

import { describe, expect, test } from "vitest";

import type { DeskSnapshot } from "@/live/protocol";
import { initialPhone } from "@/phone/machine";

import { troubles } from "./links";

const AT = "2026-11-21T06:00:00Z";
const up: DeskSnapshot["links"] = {
  telephony: { state: "up", since: AT, detail: null },
  sms: { state: "bound", since: AT, detail: null },
};
const registered = { ...initialPhone(0, true), line: "registered" as const };
const NOW = Date.parse(AT);
const fresh = { heardAt: NOW, provedAt: NOW, now: NOW };
type Told = Omit<Parameters<typeof troubles>[0], keyof typeof fresh> & Partial<typeof fresh>;
const told = (links: Told) => troubles({ ...fresh, ...links });
const codes = (links: Told) => told(links).map((trouble) => trouble.code);

describe("the connection line", () => {
  test("nothing is told when everything is up", () => {
    expect(codes({ isConnected: true, wasConnected: true, links: up, phone: registered })).toEqual([]);
  });

  test("the first connection is not told as a loss", () => {
    expect(codes({ isConnected: false, wasConnected: false, links: null, phone: registered })).toEqual(["serverConnecting"]);
  });

  test("what the server last said about its links is not repeated while the server is out of reach", () => {
    const down: DeskSnapshot["links"] = { ...up, telephony: { state: "down", since: AT, detail: null } };
    expect(codes({ isConnected: true, wasConnected: true, links: down, phone: registered })).toEqual(["telephonyDown"]);
    expect(codes({ isConnected: false, wasConnected: true, links: down, phone: registered })).toEqual(["server"]);
  });

  test("nobody is told that calls still ring at a phone that is lost as well", () => {
    const phone = { ...registered, line: "waiting" as const };
    const down: DeskSnapshot["links"] = { ...up, telephony: { state: "down", since: AT, detail: null } };
    expect(codes({ isConnected: false, wasConnected: true, links: up, phone })).toEqual(["serverHere", "phoneWaiting"]);
    expect(codes({ isConnected: true, wasConnected: true, links: down, phone })).toEqual(["phoneWaiting", "telephonyDownHere"]);
  });

  test("what keeps calls from ringing comes before what does not", () => {
    const refused: DeskSnapshot["links"] = { ...up, sms: { state: "refused", since: AT, detail: null } };
    const phone = { ...registered, line: "waiting" as const };
    expect(codes({ isConnected: true, wasConnected: true, links: refused, phone })).toEqual(["phoneWaiting", "smsRefused"]);
  });

  test("a phone that another window took is told louder than one that was never here", () => {
    const isUp = { isConnected: true, wasConnected: true, links: up };
    const mirror = initialPhone(0, true);
    expect(told({ ...isUp, phone: mirror })).toMatchObject([{ code: "phoneElsewhere", level: "info" }]);
    expect(told({ ...isUp, phone: { ...mirror, isTaken: true } })).toMatchObject([{ code: "phoneTaken", level: "warn" }]);
  });

  test("each reason why there is no microphone has its own words", () => {
    const reasons = (["denied", "missing", "busy", "insecure"] as const).flatMap((microphone) =>
      codes({ isConnected: true, wasConnected: true, links: up, phone: { ...registered, microphone } }),
    );
    expect(reasons).toEqual(["microphoneDenied", "microphoneMissing", "microphoneBusy", "microphoneInsecure"]);
  });

  test("five seconds of silence are told even while the connection looks up", () => {
    const isUp = { isConnected: true, wasConnected: true, links: up, phone: registered };
    expect(codes({ ...isUp, heardAt: NOW - 5000 })).toEqual([]);
    expect(codes({ ...isUp, heardAt: NOW - 5001, provedAt: NOW - 5001 })).toEqual(["serverSilent"]);
  });

  test("a telephone link that no longer proves itself is taken for lost", () => {
    const isUp = { isConnected: true, wasConnected: true, links: up, phone: registered };
    expect(codes({ ...isUp, provedAt: NOW - 5001 })).toEqual(["telephonyDown"]);
  });
});

import { describe, expect, test } from "vitest";

import { ACTIONS, changedKeys, faces, holderOf, isUsable, keyOf, keysFrom, wantedByBrowser } from "./keys";

const USUAL = Object.fromEntries(ACTIONS.map((action, place) => [action, `Ctrl+Shift+Key${"ABCDEFGHIJKLM"[place]}`]));
const press = (code: string, held = "") => ({
  code,
  ctrlKey: held.includes("c"),
  shiftKey: held.includes("s"),
  altKey: held.includes("a"),
});

describe("a key", () => {
  test("is named by its place, whatever the input method makes of it", () => {
    expect(keyOf(press("KeyA", "cs"))).toBe("Ctrl+Shift+KeyA");
    expect(keyOf(press("Digit1", "cas"))).toBe("Ctrl+Alt+Shift+Digit1");
    expect(keyOf(press("F2"))).toBe("F2");
    expect(faces("Ctrl+Shift+KeyA")).toEqual(["Ctrl", "Shift", "A"]);
  });

  test.each(["KeyA", "Ctrl+KeyA", "Shift+KeyA", "Ctrl+Shift+Enter", "Ctrl+Shift+ControlLeft", "Ctrl+F2"])(
    "%s is none for the desk: it types, or means something else",
    (key) => expect(isUsable(key)).toBe(false),
  );

  test.each(["Ctrl+Shift+KeyA", "Ctrl+Alt+Digit4", "Alt+Shift+F3", "F9"])("%s may be chosen", (key) => {
    expect(isUsable(key)).toBe(true);
  });

  test("the browser's own are told", () => {
    expect(wantedByBrowser("Ctrl+Shift+KeyT")).toBe("always");
    expect(wantedByBrowser("F12")).toBe("perhaps");
    expect(wantedByBrowser("Ctrl+Shift+KeyA")).toBeNull();
  });
});

describe("the agent's keys", () => {
  test("are the usual ones with what was changed, and only that is kept", () => {
    const keys = keysFrom(USUAL, { mute: "F9", unknown: "F8" });
    expect(keys.mute).toBe("F9");
    expect(keys.hold).toBe(USUAL.hold);
    expect(changedKeys(USUAL, keys)).toEqual({ mute: "F9" });
  });

  test("one key does one thing: whose it is already is told", () => {
    const keys = keysFrom(USUAL, {});
    expect(holderOf(keys.hold, keys, "mute")).toBe("hold");
    expect(holderOf(keys.mute, keys, "mute")).toBeNull();
    expect(holderOf("F9", keys, "mute")).toBeNull();
  });
});

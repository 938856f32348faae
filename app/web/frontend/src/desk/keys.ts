import { onScopeDispose, toValue, type MaybeRefOrGetter } from "vue";

// What can be done at the desk by one key. A key is written as "Ctrl+Shift+KeyA": modifiers, then the place on the keyboard
// (`code` of UI Events), so that an input method for Chinese does not stand in the way.

export const ACTIONS = [
  "answer",
  "reject",
  "hang_up",
  "mute",
  "hold",
  "transfer",
  "keypad",
  "status",
  "check_caller",
  "next_task",
  "search",
] as const;
export type Action = (typeof ACTIONS)[number];
export type Keys = Record<Action, string>;

const F_KEY = /^F([1-9]|1[0-2])$/;
const USABLE = /^(Ctrl\+Shift|Ctrl\+Alt|Alt\+Shift|Ctrl\+Alt\+Shift)\+(Key[A-Z]|Digit[0-9]|F([1-9]|1[0-2]))$|^F([1-9]|1[0-2])$/;

interface Pressed {
  code: string;
  ctrlKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

/** The key of a press, as it is written. */
export function keyOf({ code, ctrlKey, shiftKey, altKey }: Pressed): string {
  return [ctrlKey ? "Ctrl" : "", altKey ? "Alt" : "", shiftKey ? "Shift" : "", code].filter((part) => part !== "").join("+");
}

/** Whether an action may have this key: letters and digits with two modifiers at least, because one types; F1 to F12 alone. */
export function isUsable(key: string): boolean {
  return USABLE.test(key) || F_KEY.test(key);
}

/** "Ctrl", "Shift", "A": what stands on the keys. */
export function faces(key: string): string[] {
  return key.split("+").map((part) => part.replace(/^(Key|Digit)/, ""));
}

// New windows, tabs and private windows, and closing them: these browsers never pass on (Chromium's reserved commands;
// Firefox's keys with reserved="true").
const KEPT_BY_BROWSER = new Set(["Ctrl+Shift+KeyN", "Ctrl+Shift+KeyT", "Ctrl+Shift+KeyW", "Ctrl+Shift+KeyP", "Ctrl+Shift+KeyQ"]);
// Developer tools, help, full screen, reload: passed on by some browsers and not by others, or missed when they are gone.
const USED_BY_BROWSER = new Set([
  "Ctrl+Shift+KeyI",
  "Ctrl+Shift+KeyJ",
  "Ctrl+Shift+KeyC",
  "Ctrl+Shift+KeyB",
  "Ctrl+Shift+KeyO",
  "F1",
  "F3",
  "F5",
  "F6",
  "F7",
  "F11",
  "F12",
]);

/** Whether the browser wants this key for itself: always, or perhaps. */
export function wantedByBrowser(key: string): "always" | "perhaps" | null {
  if (KEPT_BY_BROWSER.has(key)) return "always";
  return USED_BY_BROWSER.has(key) ? "perhaps" : null;
}

/** The action that has this key already. */
export function holderOf(key: string, keys: Keys, except: Action): Action | null {
  return ACTIONS.find((action) => action !== except && keys[action] === key) ?? null;
}

/** The keys that hold: the usual ones, and what the agent changed. What we do not know is left out. */
export function keysFrom(usual: Readonly<Record<string, string>>, changed: Readonly<Record<string, string>>): Keys {
  return Object.fromEntries(ACTIONS.map((action) => [action, changed[action] ?? usual[action] ?? ""])) as Keys;
}

/** Those that differ from the usual ones: what is kept. */
export function changedKeys(usual: Readonly<Record<string, string>>, keys: Keys): Partial<Keys> {
  return Object.fromEntries(ACTIONS.filter((action) => keys[action] !== usual[action]).map((action) => [action, keys[action]]));
}

export interface DeskKeys {
  does: Record<Action, () => void>;
  /** A digit outside any field: picks a candidate. True when it was used. */
  digit: (key: string) => boolean;
  help: () => void;
}

/** The agent's keys anywhere on the desk, also while they type; plain digits and "?" only where nobody is typing. */
export function useDeskKeys(keys: MaybeRefOrGetter<Keys>, { does, digit, help }: DeskKeys): void {
  const listen = (event: KeyboardEvent) => {
    // In a dialog keys belong to the dialog: one may be choosing them there.
    if (event.repeat || document.querySelector("dialog[open][data-own-keys]") !== null) return;
    const pressed = keyOf(event);
    const action = ACTIONS.find((each) => toValue(keys)[each] === pressed);
    if (action !== undefined) {
      event.preventDefault();
      does[action]();
      return;
    }
    const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (!isPlain || isTyping(event.target)) return;
    if (/^[1-9]$/.test(event.key) && digit(event.key)) event.preventDefault();
    if (event.key === "?" || event.key === "？") {
      event.preventDefault();
      help();
    }
  };
  window.addEventListener("keydown", listen);
  onScopeDispose(() => window.removeEventListener("keydown", listen));
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable], [data-own-digits]") !== null;
}

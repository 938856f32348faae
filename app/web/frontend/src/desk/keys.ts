import { onScopeDispose } from "vue";

export interface DeskKeys {
  answer: () => void;
  rejectOrHangUp: () => void;
  mute: () => void;
  hold: () => void;
  toggleStatus: () => void;
  checkCaller: () => void;
  /** A digit outside any field: picks a candidate. True when it was used. */
  digit: (key: string) => boolean;
}

/** Ctrl+Shift+A, R, M, H, S and E anywhere on the desk; plain digits only where nobody is typing. */
export function useDeskKeys(keys: DeskKeys): void {
  const actions: Record<string, () => void> = {
    KeyA: keys.answer,
    KeyR: keys.rejectOrHangUp,
    KeyM: keys.mute,
    KeyH: keys.hold,
    KeyS: keys.toggleStatus,
    KeyE: keys.checkCaller,
  };
  const listen = (event: KeyboardEvent) => {
    if (event.repeat) return;
    // By the key's place, so that it also works while an input method for Chinese is on.
    const action = event.ctrlKey && event.shiftKey && !event.altKey ? actions[event.code] : undefined;
    if (action !== undefined) {
      event.preventDefault();
      action();
      return;
    }
    const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (isPlain && /^[1-9]$/.test(event.key) && !isTyping(event.target) && keys.digit(event.key)) event.preventDefault();
  };
  window.addEventListener("keydown", listen);
  onScopeDispose(() => window.removeEventListener("keydown", listen));
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable], [data-own-digits]") !== null;
}

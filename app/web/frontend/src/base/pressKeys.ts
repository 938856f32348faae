/**
 * In an element with `data-key-scope` a letter presses the button with that `data-key`; ↑ and ↓ move to the scope before
 * and after. Without a focused scope the first one of the page is meant. What htmx removes hands the focus on.
 */
export function startPressKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
    const scopes = [...document.querySelectorAll<HTMLElement>("[data-key-scope]")];
    const place = scopes.findIndex((scope) => scope.contains(document.activeElement));
    const scope = scopes[Math.max(place, 0)];
    if (scope === undefined) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = place < 0 ? scope : scopes[place + (event.key === "ArrowDown" ? 1 : -1)];
      if (next !== undefined) {
        event.preventDefault();
        next.focus();
      }
      return;
    }
    const button = scope.querySelector<HTMLElement>(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (button !== null) {
      event.preventDefault();
      button.click();
    }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target } = event;
    if (!(target instanceof HTMLElement) || !target.matches("[data-key-scope]")) return;
    const next = target.nextElementSibling ?? target.previousElementSibling;
    if (target.contains(document.activeElement) && next instanceof HTMLElement) setTimeout(() => next.focus(), 0);
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select") !== null;
}

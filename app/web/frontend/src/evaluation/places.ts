/** The player of this page, as far as others may use it: it tells its position in `data-position` and takes these events. */
const player = () => document.querySelector<HTMLElement>("[data-player]");

/** Where the recording is now, in seconds to a tenth; 0 where there is none. */
export function position(): number {
  const at = Number(player()?.dataset["position"] ?? 0);
  return Number.isFinite(at) ? Math.round(at * 10) / 10 : 0;
}

export function seek(seconds: number): void {
  player()?.dispatchEvent(new CustomEvent("player:seek", { detail: Math.max(0, seconds) }));
}

export function toggle(): void {
  player()?.dispatchEvent(new CustomEvent("player:toggle"));
}

/** Every `[data-seek]` jumps there; a ticked `[data-at-position]` sends the place where the recording is. */
export function startPlaces(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-seek]") : null;
    if (button !== null) seek(Number(button.dataset["seek"]));
  });
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box instanceof HTMLInputElement && box.matches("[data-at-position]")) box.value = String(position());
  });
}

import { lineAt } from "./lines";

/** Each transcript under `root`: its lines follow the player, arrow keys go from line to line, a search from hit to hit. */
export function mountTranscripts(root: HTMLElement): void {
  const lists = [...root.querySelectorAll<HTMLElement>("[data-transcript-lines]")];
  if (root.matches("[data-transcript-lines]")) lists.push(root);
  for (const list of lists) follow(list);
  const forms = [...root.querySelectorAll<HTMLFormElement>("[data-transcript-search]")];
  for (const form of forms) searchOn(form);
}

function linesOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>("[data-moment]")];
}

function follow(list: HTMLElement): void {
  const lines = linesOf(list);
  const places = lines.map((line) => ({ start: Number(line.dataset["moment"]), end: Number(line.dataset["until"]) }));
  let current = -1;
  const onTime = (event: Event): void => {
    // A search brings another list; this one has nothing to follow any more.
    if (!list.isConnected) return document.removeEventListener("player:time", onTime);
    const found = lineAt((event as CustomEvent<number>).detail, places);
    if (found === current) return;
    lines[current]?.removeAttribute("aria-current");
    current = found;
    lines[current]?.setAttribute("aria-current", "true");
    // Whoever reads on with the keyboard is not pulled back.
    if (!list.contains(document.activeElement)) show(list, lines[current]);
  };
  document.addEventListener("player:time", onTime);
  list.addEventListener("keydown", (event) => onKey(event, lines));
  show(list, list.querySelector<HTMLElement>("mark")?.closest<HTMLElement>("[data-moment]") ?? undefined);
}

/** Scroll the list, and never the page. */
function show(list: HTMLElement, line: HTMLElement | undefined): void {
  if (line === undefined) return;
  const above = line.offsetTop - list.offsetTop;
  const isInside = above >= list.scrollTop && above + line.offsetHeight <= list.scrollTop + list.clientHeight;
  if (!isInside) list.scrollTop = above - list.clientHeight / 3;
}

function onKey(event: KeyboardEvent, lines: HTMLElement[]): void {
  const at = lines.findIndex((line) => line === document.activeElement);
  const targets: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 };
  const target = lines[targets[event.key] ?? -1];
  if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  target.focus();
}

/** Enter once more with the same words goes to the next line that has them, and back to the first after the last. */
function searchOn(form: HTMLFormElement): void {
  const field = form.elements.namedItem("words") as HTMLInputElement;
  const asked = field.value;
  let next = 0;
  form.addEventListener(
    "submit",
    (event) => {
      const list = form.closest("[data-transcript]")?.querySelector<HTMLElement>("[data-transcript-lines]");
      const hits = list ? linesOf(list).filter((line) => line.querySelector("mark") !== null) : [];
      if (field.value !== asked || !list || hits.length === 0) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const hit = hits[next % hits.length];
      next += 1;
      show(list, hit);
      hit?.click();
    },
    { capture: true },
  );
}

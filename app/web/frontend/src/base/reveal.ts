import { showToast } from "./toasts";
import { pageWords } from "./words";

/** Why a masked value may be shown, in the words of the API. */
export const REVEAL_REASONS = ["tell_the_patient", "compare", "correct", "call_by_other_means"] as const;
export type RevealReason = (typeof REVEAL_REASONS)[number] | "other";

export interface RevealAnswer {
  value: string;
  shown_seconds: number;
}

/** Ask the server for one masked value; nothing when it refuses, which the user is told. */
export async function askForValue(url: string, wish: object, token: string): Promise<RevealAnswer | null> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(wish),
    });
    if (answer.ok) return (await answer.json()) as RevealAnswer;
    const problem = (await answer.json()) as { detail?: unknown };
    showToast("error", typeof problem.detail === "string" ? problem.detail : pageWords().reveal.failed);
  } catch {
    showToast("error", pageWords().offline);
  }
  return null;
}

/**
 * The small eye beside a masked value (`[data-reveal]`, see the macro `revealable`): it opens a menu of reasons; the value
 * is shown for as long as the server says. An element with `data-print` prints the page.
 */
export function startReveal(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-print]") !== null) window.print();
    const place = event.target.closest<HTMLElement>("[data-reveal]");
    const opener = event.target.closest<HTMLButtonElement>("[data-reveal] > button");
    const isOpen = opener?.getAttribute("aria-expanded") === "true";
    if (event.target.closest(".wl-reveal-menu") === null) closeMenu();
    if (place !== null && opener !== null && !isOpen) openMenu(place, opener);
  });
}

function openMenu(place: HTMLElement, opener: HTMLButtonElement): void {
  const words = pageWords().reveal;
  const menu = document.createElement("form");
  menu.className = "wl-reveal-menu";
  menu.setAttribute("role", "dialog");
  menu.setAttribute("aria-label", words.title);
  const title = document.createElement("p");
  title.textContent = words.title;
  menu.append(title, ...REVEAL_REASONS.map((reason) => reasonButton(place, reason, words[reason])), otherRow(place));
  menu.addEventListener("keydown", (event) => onMenuKey(event, menu));
  opener.setAttribute("aria-expanded", "true");
  place.append(menu);
  menu.querySelector("button")?.focus();
}

function reasonButton(place: HTMLElement, reason: RevealReason, text: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "dropdown-item";
  button.textContent = text;
  button.addEventListener("click", () => void reveal(place, reason, ""));
  return button;
}

function otherRow(place: HTMLElement): HTMLElement {
  const words = pageWords().reveal;
  const row = document.createElement("div");
  row.className = "other";
  const note = document.createElement("input");
  note.className = "form-control form-control-sm";
  note.maxLength = 200;
  note.placeholder = words.otherPlaceholder;
  note.setAttribute("aria-label", words.other);
  const show = document.createElement("button");
  show.type = "button";
  show.className = "btn btn-sm btn-outline-secondary";
  show.textContent = words.show;
  const send = () => (note.value.trim() === "" ? note.focus() : void reveal(place, "other", note.value.trim()));
  show.addEventListener("click", send);
  note.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    send();
  });
  row.append(note, show);
  return row;
}

function onMenuKey(event: KeyboardEvent, menu: HTMLElement): void {
  if (event.key === "Escape") {
    event.stopPropagation();
    closeMenu();
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  event.stopPropagation();
  const items = [...menu.querySelectorAll<HTMLElement>("button, input")];
  const by = event.key === "ArrowDown" ? 1 : -1;
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + by + items.length) % items.length]?.focus();
}

function closeMenu(): void {
  const menu = document.querySelector(".wl-reveal-menu");
  const opener = menu?.parentElement?.querySelector<HTMLButtonElement>(":scope > button");
  opener?.setAttribute("aria-expanded", "false");
  if (menu?.contains(document.activeElement) === true) opener?.focus();
  menu?.remove();
}

async function reveal(place: HTMLElement, reason: RevealReason, note: string): Promise<void> {
  closeMenu();
  const id = Number(place.dataset["revealId"]);
  const what = place.dataset["revealWhat"];
  const part = what === undefined ? {} : { what, id: id > 0 ? id : null };
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
  const answer = await askForValue(place.dataset["reveal"] ?? "", { reason, note, ...part }, token);
  const shown = place.querySelector("bdi");
  if (answer === null || shown === null) return;
  const masked = shown.textContent;
  shown.textContent = answer.value;
  place.classList.add("is-revealed");
  setTimeout(() => {
    shown.textContent = masked;
    place.classList.remove("is-revealed");
  }, answer.shown_seconds * 1000);
}

/**
 * The quick search in the header (`form[data-find]`): results come as one types, ↑ and ↓ choose one, Enter opens it, or the
 * list of all matches where none is chosen, Esc closes. "/" goes to the search of the page (`[data-page-search]`), or else
 * to the one in the header. In a list with its own search ↓ goes from the box to the first row and ↑ back.
 */
export function startFind(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "/" && !isTyping(event.target)) focusSearch(event);
    else moveBetweenBoxAndRows(event);
  });
  // The address of a filtered list names only what was chosen.
  document.addEventListener("htmx:configRequest", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches("form[data-list-search]")) return;
    const { formData } = (event as CustomEvent<{ formData: FormData }>).detail;
    for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
  });
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-find]")) startForm(form);
}

function startForm(form: HTMLFormElement): void {
  const box = form.querySelector<HTMLInputElement>("[role=combobox]");
  const list = form.querySelector<HTMLElement>("[role=listbox]");
  if (box === null || list === null) return;
  const show = (isOpen: boolean) => {
    list.hidden = !isOpen;
    box.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) choose(box, list, null);
  };
  list.addEventListener("htmx:afterSwap", () => {
    choose(box, list, null);
    show(box.value.trim() !== "" && list.childElementCount > 0);
  });
  box.addEventListener("input", () => {
    if (box.value.trim() === "") show(false);
  });
  box.addEventListener("focus", () => show(box.value.trim() !== "" && list.childElementCount > 0));
  form.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node && form.contains(event.relatedTarget))) show(false);
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      show(list.childElementCount > 0);
      step(box, list, event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      show(false);
    } else if (event.key === "Enter") {
      const chosen = chosenOption(list);
      if (chosen === null) return;
      event.preventDefault();
      chosen.click();
    }
  });
}

function options(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>("a[role=option]")];
}

function chosenOption(list: HTMLElement): HTMLElement | null {
  return list.querySelector<HTMLElement>("a[role=option][aria-selected=true]");
}

function step(box: HTMLInputElement, list: HTMLElement, by: 1 | -1): void {
  const all = options(list);
  const place = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  // One place beyond either end is the box itself, where nothing is chosen.
  const next = place === -1 && by === -1 ? all.length - 1 : place + by;
  choose(box, list, all[next] ?? null);
}

function choose(box: HTMLInputElement, list: HTMLElement, chosen: HTMLElement | null): void {
  for (const option of options(list)) option.setAttribute("aria-selected", String(option === chosen));
  if (chosen === null) box.removeAttribute("aria-activedescendant");
  else {
    box.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  }
}

function focusSearch(event: KeyboardEvent): void {
  const box =
    document.querySelector<HTMLInputElement>("[data-page-search]") ??
    document.querySelector<HTMLInputElement>("form[data-find] [role=combobox]");
  if (box === null) return;
  event.preventDefault();
  box.focus();
  box.select();
}

function moveBetweenBoxAndRows(event: KeyboardEvent): void {
  if (!(event.target instanceof HTMLElement)) return;
  const firstRow = document.querySelector<HTMLElement>("table[data-row-keys] tbody tr");
  const box = document.querySelector<HTMLInputElement>("[data-page-search]");
  if (firstRow === null || box === null) return;
  if (event.key === "ArrowDown" && event.target === box) {
    event.preventDefault();
    firstRow.focus();
  } else if (event.key === "ArrowUp" && event.target === firstRow) {
    event.preventDefault();
    box.focus();
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable], [data-own-digits]") !== null;
}

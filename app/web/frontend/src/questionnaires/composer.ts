/** What is asked, in order: added from the bank, moved by buttons or by dragging, left out. The form's fields follow. */
export function startComposer(): void {
  const composer = document.querySelector<HTMLElement>("[data-composer]");
  if (composer === null) return;
  const list = composer.querySelector<HTMLElement>("[data-list]")!;
  composer.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("button") : null;
    if (button === null) return;
    const row = button.closest<HTMLElement>("[data-chosen]");
    if (button.dataset["add"] !== undefined) add(composer, list, button.closest<HTMLElement>("[data-offer]")!);
    else if (row !== null && button.dataset["move"] !== undefined) move(composer, list, row, Number(button.dataset["move"]), button);
    else if (row !== null && button.dataset["remove"] !== undefined) remove(composer, list, row);
  });
  let dragged: HTMLElement | null = null;
  list.addEventListener("dragstart", (event) => {
    dragged = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-chosen]") : null;
    dragged?.classList.add("is-dragged");
    event.dataTransfer?.setData("text/plain", dragged?.dataset["chosen"] ?? "");
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-chosen]") : null;
    if (dragged === null) return;
    event.preventDefault();
    if (over === null || over === dragged) return;
    const middle = over.getBoundingClientRect().top + over.offsetHeight / 2;
    list.insertBefore(dragged, event.clientY < middle ? over : over.nextSibling);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    dragged = null;
  });
  follow(composer, list);
}

function add(composer: HTMLElement, list: HTMLElement, offer: HTMLElement): void {
  const code = offer.dataset["offer"] ?? "";
  if (list.querySelector(`[data-chosen="${CSS.escape(code)}"]`) !== null) return;
  const template = composer.querySelector<HTMLTemplateElement>("[data-template]")!;
  const row = (template.content.cloneNode(true) as DocumentFragment).querySelector<HTMLElement>("[data-chosen]")!;
  row.dataset["chosen"] = code;
  row.querySelector("[data-text]")!.textContent = offer.querySelector("bdi")?.textContent ?? code;
  for (const field of row.querySelectorAll<HTMLInputElement>("input")) {
    field.value = code;
    field.disabled = false;
  }
  list.append(row);
  follow(composer, list);
  tell(composer, "added");
}

function move(composer: HTMLElement, list: HTMLElement, row: HTMLElement, by: number, button: HTMLElement): void {
  const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (other === null) return;
  list.insertBefore(row, by < 0 ? other : other.nextElementSibling);
  button.focus();
  tell(composer, "moved", [...list.children].indexOf(row) + 1);
}

function remove(composer: HTMLElement, list: HTMLElement, row: HTMLElement): void {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  next?.querySelector<HTMLElement>("[data-remove]")?.focus();
  follow(composer, list);
  tell(composer, "removed");
}

/** What is chosen already cannot be added again, also in what the bank shows next. */
function follow(composer: HTMLElement, list: HTMLElement): void {
  composer.querySelector<HTMLElement>("[data-nothing]")!.hidden = list.children.length > 0;
  for (const offer of composer.querySelectorAll<HTMLElement>("[data-offer]")) {
    const code = CSS.escape(offer.dataset["offer"] ?? "");
    offer.querySelector<HTMLButtonElement>("[data-add]")!.disabled = list.querySelector(`[data-chosen="${code}"]`) !== null;
  }
}

function tell(composer: HTMLElement, what: string, place?: number): void {
  const told = composer.querySelector<HTMLElement>("[data-told]")!;
  told.textContent = `${told.dataset[what] ?? ""}${place === undefined ? "" : ` ${place}`}`;
}

document.addEventListener("htmx:afterSwap", () => {
  const composer = document.querySelector<HTMLElement>("[data-composer]");
  if (composer !== null) follow(composer, composer.querySelector<HTMLElement>("[data-list]")!);
});

/**
 * Rows that can be ticked: a `[data-select-all]` ticks all of its table, x ticks the row that has the keyboard, and a
 * list that asks for news by itself waits while anything in it is ticked.
 */
export function startSelection(): void {
  document.addEventListener("change", (event) => {
    const all = event.target;
    if (!(all instanceof HTMLInputElement) || all.dataset["selectAll"] === undefined) return;
    for (const box of boxes(all.closest("table"))) box.checked = all.checked;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.altKey || event.ctrlKey || event.metaKey) return;
    if (!(event.target instanceof HTMLTableRowElement)) return;
    for (const box of boxes(event.target)) box.checked = !box.checked;
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const list = event.target;
    if (list instanceof Element && boxes(list).some((box) => box.checked)) event.preventDefault();
  });
}

function boxes(root: Element | null): HTMLInputElement[] {
  return [...(root?.querySelectorAll<HTMLInputElement>('td input[type="checkbox"][name="ids"]') ?? [])];
}

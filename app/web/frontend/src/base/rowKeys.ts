/**
 * In a `table[data-row-keys]` ↑ and ↓ move between rows and Enter (or a click) follows the row's first link. Rows are made
 * reachable when they appear, so that lists which htmx swaps in work as well.
 */
export function startRowKeys(): void {
  makeReachable(document.body);
  // With the swap itself: htmx tells of what it loaded 20 ms later, and a key may come in between.
  document.addEventListener("htmx:afterSwap", () => makeReachable(document.body));
  document.addEventListener("keydown", (event) => {
    const row = focusedRow(event.target);
    if (row === null || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown") move(event, row.nextElementSibling);
    else if (event.key === "ArrowUp") move(event, row.previousElementSibling);
    else if (event.key === "Enter" && event.target === row) row.querySelector<HTMLAnchorElement>("a[href]")?.click();
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.target.closest("a, button, input, label, select") !== null) return;
    if (window.getSelection()?.isCollapsed === false) return;
    focusedRow(event.target)?.querySelector<HTMLAnchorElement>("a[href]")?.click();
  });
}

function makeReachable(root: Element): void {
  const table = root.closest("table[data-row-keys]");
  const rows = table?.querySelectorAll("tbody tr") ?? root.querySelectorAll("table[data-row-keys] tbody tr");
  for (const row of rows) if (!row.hasAttribute("tabindex")) row.setAttribute("tabindex", "0");
}

function focusedRow(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("table[data-row-keys] tbody tr") : null;
}

function move(event: KeyboardEvent, row: Element | null): void {
  if (!(row instanceof HTMLElement)) return;
  event.preventDefault();
  row.focus();
}

/**
 * The questions of a questionnaire beside a call: within `[data-answering]` a digit chooses the answer that carries it,
 * and Enter goes to the next question, from the last one to the button that ends it. Each answer is saved by htmx.
 */
export function startAnswering(): void {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.target instanceof Element)) return;
    const question = event.target.closest<HTMLElement>("[data-question]");
    const all = question?.closest<HTMLElement>("[data-answering]");
    if (question === null || question === undefined || all === null || all === undefined) return;
    if (event.key === "Enter") {
      if (event.target instanceof HTMLTextAreaElement && event.shiftKey) return;
      event.preventDefault();
      next(all, question);
    } else if (/^[0-9]$/.test(event.key) && !isTyping(event.target)) {
      const choice = question.querySelector<HTMLInputElement>(`input[data-digit="${event.key}"]`);
      if (choice === null) return;
      event.preventDefault();
      choice.focus();
      if (choice.type === "checkbox") choice.checked = !choice.checked;
      else choice.checked = true;
      choice.dispatchEvent(new Event("change", { bubbles: true }));
      if (choice.type !== "checkbox") next(all, question);
    }
  });
  // Enter in a field would send the form, which htmx has saved already.
  document.addEventListener("submit", (event) => {
    if (event.target instanceof Element && event.target.matches("[data-answering] [data-question]")) event.preventDefault();
  });
}

function next(all: HTMLElement, question: HTMLElement): void {
  const questions = [...all.querySelectorAll<HTMLElement>("[data-question]")];
  const following = questions[questions.indexOf(question) + 1];
  const field = following?.querySelector<HTMLElement>("input:checked, input:not([type=hidden]), textarea");
  (field ?? all.querySelector<HTMLElement>("[data-finish]"))?.focus();
}

function isTyping(target: Element): boolean {
  return target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select");
}

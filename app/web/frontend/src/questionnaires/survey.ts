/** The patient's page: each answer is kept as it is given, so that a lost page loses nothing. Sending works without us. */
export function startSurvey(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-survey]");
  if (form === null) return;
  form.addEventListener("change", (event) => {
    const question = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-survey-question]") : null;
    if (question !== null) void keep(form, question);
  });
}

async function keep(form: HTMLFormElement, question: HTMLElement): Promise<void> {
  const code = question.dataset["surveyQuestion"] ?? "";
  const told = question.querySelector<HTMLElement>("[data-survey-kept]");
  const whole = new FormData(form);
  const body = new FormData();
  body.append("csrf_token", String(whole.get("csrf_token") ?? ""));
  body.append("question", code);
  for (const value of whole.getAll(`answer-${code}`)) body.append(`answer-${code}`, value);
  let sentence = form.dataset["lost"] ?? "";
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "survey" } });
    if (answer.ok) sentence = form.dataset["kept"] ?? "";
    else if (answer.status === 422) sentence = await answer.text();
    else if (answer.status === 409) location.reload();
  } catch {
    // Said below: it is not kept yet, and the button at the end sends all of it.
  }
  if (told !== null) told.textContent = sentence;
}

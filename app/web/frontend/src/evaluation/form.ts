import { words } from "@/i18n/words";

import { Draft, type Kept } from "./draft";
import { actOf, type Act } from "./keys";
import { Moments } from "./moments";
import { position, seek, toggle } from "./places";

/** The evaluation form of this page, if it has one. */
export function startForm(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-evaluation]");
  if (form !== null) new EvaluationForm(form);
}

class EvaluationForm {
  private readonly items: HTMLElement[];
  private readonly draft: Draft;
  private readonly moments: Moments;
  private current = 0;

  constructor(private readonly form: HTMLFormElement) {
    const said = words(document.documentElement.lang).evaluation;
    this.items = [...form.querySelectorAll<HTMLElement>("[data-item]")];
    this.draft = new Draft(form, said, (kept) => this.tell(kept));
    this.moments = new Moments(form, said, () => this.draft.touch());
    form.addEventListener("input", () => this.draft.touch());
    form.addEventListener("focusin", (event) => this.follow(event.target));
    form.addEventListener("click", (event) => this.press(event.target));
    form.addEventListener("submit", (event) => void this.submit(event));
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("pagehide", () => void this.draft.settle());
    this.go(Math.max(0, this.items.findIndex((item) => item.classList.contains("is-missing"))));
  }

  private key(event: KeyboardEvent): void {
    if (isTyped(event.target)) {
      if (event.key === "Escape") this.go(this.current);
      return;
    }
    const act = actOf(event);
    if (act === null || (act.act === "digit" && isNumber(event.target))) return;
    event.preventDefault();
    this.do(act);
  }

  private do(act: Act): void {
    const item = this.items[this.current];
    if (item === undefined) return;
    if (act.act === "move") this.go(this.current + act.by);
    else if (act.act === "play") toggle();
    else if (act.act === "seek") seek(position() + act.by);
    else if (act.act === "comment") this.moments.comment(position());
    else if (act.act === "mark") this.moments.mark(item.dataset["item"] ?? "", position());
    else if (act.act === "digit") this.answer(item, act.digit);
    else if (item.dataset["kind"] === "yes_no" || act.value === "na") this.answer(item, act.value);
  }

  private answer(item: HTMLElement, value: string): void {
    const choice = item.querySelector<HTMLInputElement>(`input[type="radio"][value="${value}"]`);
    const points = item.querySelector<HTMLInputElement>('input[type="number"]');
    const na = item.querySelector<HTMLInputElement>('input[type="checkbox"]');
    if (choice !== null) {
      choice.checked = true;
      choice.focus();
    } else if (points !== null && value !== "na") {
      points.value = value;
      points.focus();
      if (na !== null) na.checked = false;
    } else if (na !== null) {
      na.checked = !na.checked;
      if (points !== null && na.checked) points.value = "";
    } else return;
    this.draft.touch();
  }

  private go(place: number): void {
    const item = this.items[Math.min(Math.max(0, place), this.items.length - 1)];
    if (item === undefined) return;
    // A radio group keeps the focus on its answer; without one the item itself has it, so that no key answers by chance.
    const answer = item.querySelector<HTMLElement>('input[type="radio"]:checked, input[type="number"]');
    (answer ?? item).focus({ preventScroll: true });
    // What is typed replaces the points that stand there.
    if (answer instanceof HTMLInputElement && isNumber(answer)) answer.select();
    item.scrollIntoView({ block: "nearest" });
    this.follow(item);
  }

  private follow(target: EventTarget | null): void {
    const item = target instanceof Element ? target.closest<HTMLElement>("[data-item]") : null;
    const place = item === null ? -1 : this.items.indexOf(item);
    if (place < 0) return;
    this.current = place;
    for (const each of this.items) each.classList.toggle("is-current", each === item);
  }

  private press(target: EventTarget | null): void {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-comment]") !== null) this.moments.comment(position());
    const item = target.closest("[data-mark]")?.closest<HTMLElement>("[data-item]");
    if (item) this.moments.mark(item.dataset["item"] ?? "", position());
  }

  private tell(kept: Kept): void {
    const total = this.form.querySelector("[data-total]");
    if (total !== null) total.textContent = kept.total;
    this.form.querySelector("[data-fatal]")?.toggleAttribute("hidden", !kept.fatal);
    for (const item of this.items) {
      if (!kept.missing.includes(item.dataset["item"] ?? "")) item.classList.remove("is-missing");
    }
  }

  private async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    // What is still under way would make the form's own number old.
    await this.draft.settle();
    this.form.submit();
  }
}

function isNumber(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type === "number";
}

function isTyped(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && ["text", "search"].includes(target.type);
}

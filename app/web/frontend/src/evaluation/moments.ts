import { formatDuration } from "@/shared/time";
import type { Words } from "@/i18n/zh-Hans";

/** A place in the recording, in seconds: evidence for an item, or with a comment of its own. */
export interface Moment {
  at: number;
  item: string;
  text: string;
}

type MomentWords = Words["evaluation"];

/** The moments of the form, kept in its hidden field: those of an item beside it, comments in a list. */
export class Moments {
  private moments: Moment[];

  constructor(
    private readonly form: HTMLFormElement,
    private readonly words: MomentWords,
    private readonly changed: () => void,
  ) {
    this.moments = JSON.parse(this.field().value) as Moment[];
    this.draw();
  }

  /** Link an item to a place; a second time at the same place takes the link away. */
  mark(item: string, at: number): void {
    const known = this.moments.findIndex((each) => each.item === item && Math.abs(each.at - at) < 0.5);
    if (known >= 0) this.moments.splice(known, 1);
    else this.moments.push({ at, item, text: "" });
    this.keep();
    this.draw();
  }

  /** Begin a comment at a place, with the cursor in it. */
  comment(at: number): void {
    const made = { at, item: "", text: "" };
    this.moments.push(made);
    this.keep();
    this.draw();
    const place = this.comments().indexOf(made);
    this.list().querySelectorAll<HTMLInputElement>("input")[place]?.focus();
  }

  private field(): HTMLInputElement {
    return this.form.elements.namedItem("moments") as HTMLInputElement;
  }

  private list(): HTMLElement {
    return this.form.querySelector<HTMLElement>("[data-moments]") as HTMLElement;
  }

  private comments(): Moment[] {
    return this.moments.filter((each) => each.item === "");
  }

  private keep(): void {
    this.moments.sort((one, other) => one.at - other.at);
    this.field().value = JSON.stringify(this.moments);
    this.changed();
  }

  private draw(): void {
    for (const place of this.form.querySelectorAll<HTMLElement>("[data-marks]")) {
      const own = this.moments.filter((each) => each.item === place.dataset["marks"]);
      place.replaceChildren(...own.flatMap((each) => [this.jump(each), this.remove(each)]));
    }
    this.list().replaceChildren(...this.comments().map((each) => this.row(each)));
  }

  private row(moment: Moment): HTMLElement {
    const row = document.createElement("li");
    const text = document.createElement("input");
    text.className = "form-control form-control-sm";
    text.value = moment.text;
    text.maxLength = 500;
    text.setAttribute("aria-label", this.words.commentAt.replace("{place}", formatDuration(moment.at)));
    text.addEventListener("input", () => {
      moment.text = text.value;
      this.keep();
    });
    row.append(this.jump(moment), text, this.remove(moment));
    return row;
  }

  private jump(moment: Moment): HTMLElement {
    const button = plainButton("quality-place", formatDuration(moment.at), this.words.goTo.replace("{place}", formatDuration(moment.at)));
    button.dataset["seek"] = String(moment.at);
    return button;
  }

  private remove(moment: Moment): HTMLElement {
    const button = plainButton("", "×", this.words.removeMoment.replace("{place}", formatDuration(moment.at)));
    button.addEventListener("click", () => {
      this.moments = this.moments.filter((each) => each !== moment);
      this.keep();
      this.draw();
    });
    return button;
  }
}

function plainButton(className: string, text: string, label: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `btn btn-sm btn-link ${className}`;
  button.textContent = text;
  button.setAttribute("aria-label", label);
  return button;
}

import { readTyped } from "./typed";

/**
 * Paper forms by keys alone: a digit answers and jumps on, Enter goes on and from the last question saves, Backspace in an
 * empty cell goes back, ↑ and ↓ move. What is kept for every form stays; the page is never loaded again.
 */
export function startPaper(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-paper]");
  if (form !== null) new Paper(form).start();
}

interface Saved {
  id: number;
  notice: string;
}

interface Problem {
  field?: string;
  sentence?: string;
}

class Paper {
  private count = 0;
  private lastId: number | null = null;
  private isSaving = false;
  private readonly told: HTMLElement;
  private readonly undo: HTMLButtonElement;

  constructor(private readonly form: HTMLFormElement) {
    this.told = form.querySelector<HTMLElement>("[data-told]")!;
    this.undo = form.querySelector<HTMLButtonElement>("[data-undo]")!;
  }

  start(): void {
    this.form.addEventListener("input", (event) => this.onInput(event));
    this.form.addEventListener("keydown", (event) => this.onKey(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.save();
    });
    this.form.addEventListener("change", (event) => {
      if (event.target instanceof HTMLInputElement && event.target.name === "with_number") {
        this.form.querySelector<HTMLElement>("[data-number]")!.hidden = !event.target.checked;
      }
    });
    this.undo.addEventListener("click", () => void this.takeBack());
    this.cells()[0]?.focus();
  }

  private cells(): HTMLInputElement[] {
    return [...this.form.querySelectorAll<HTMLInputElement>("[data-cell]")].filter((cell) => cell.closest("[hidden]") === null);
  }

  private onInput(event: Event): void {
    const cell = event.target;
    if (!(cell instanceof HTMLInputElement) || cell.dataset["code"] === undefined || keysOf(cell).size === 0) return;
    const typed = readTyped(cell.dataset["kind"] ?? "", cell.value, keysOf(cell));
    const isLeftOut = cell.value.trim() === "-";
    this.show(cell, typed.state === "answer" ? typed.options : []);
    this.complain(cell, typed.state === "wrong" ? this.form.dataset["unknown"]! : "");
    if (typed.state === "wrong") cell.select();
    else if (isLeftOut || (typed.state === "answer" && typed.isWhole)) this.goOn(cell, false);
  }

  private onKey(event: KeyboardEvent): void {
    const cell = event.target;
    if (!(cell instanceof HTMLInputElement) || cell.dataset["cell"] === undefined) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.goOn(cell, true);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp" || (event.key === "Backspace" && cell.value === "")) {
      const before = this.cells()[this.cells().indexOf(cell) + (event.key === "ArrowDown" ? 1 : -1)];
      if (before === undefined) return;
      event.preventDefault();
      before.focus();
      before.select();
    }
  }

  /** To the next cell; from the last one only Enter saves, so that the last digit can still be mended. */
  private goOn(cell: HTMLInputElement, saves: boolean): void {
    const following = this.cells()[this.cells().indexOf(cell) + 1];
    if (following !== undefined) {
      following.focus();
      following.select();
    } else if (saves) void this.save();
  }

  private show(cell: HTMLInputElement, options: string[]): void {
    for (const key of cell.closest("[data-row]")!.querySelectorAll<HTMLElement>("[data-option]")) {
      key.toggleAttribute("data-chosen", options.includes(key.dataset["option"] ?? ""));
    }
  }

  private complain(cell: HTMLInputElement, sentence: string): void {
    const row = cell.closest<HTMLElement>("[data-row]");
    row?.classList.toggle("is-wrong", sentence !== "");
    const place = row?.querySelector<HTMLElement>("[data-problem]");
    if (place) place.textContent = sentence;
    if (!row && sentence !== "") this.told.textContent = sentence;
  }

  private async save(): Promise<void> {
    if (this.isSaving) return;
    const body = new FormData(this.form);
    for (const cell of this.cells()) {
      const code = cell.dataset["code"];
      if (code === undefined || keysOf(cell).size === 0) continue;
      const typed = readTyped(cell.dataset["kind"] ?? "", cell.value, keysOf(cell));
      if (typed.state === "wrong") {
        this.complain(cell, this.form.dataset["unknown"]!);
        cell.focus();
        return;
      }
      for (const option of typed.state === "answer" ? typed.options : []) body.append(`answer-${code}`, option);
    }
    this.isSaving = true;
    try {
      const answer = await fetch(this.form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      if (answer.ok) this.begin((await answer.json()) as Saved);
      else this.refused(answer.status === 422 ? ((await answer.json()) as Problem) : {});
    } catch {
      this.told.textContent = this.form.dataset["failed"]!;
    } finally {
      this.isSaving = false;
    }
  }

  /** The next form: another key, empty cells, the cursor in the first one. */
  private begin(saved: Saved): void {
    this.count += 1;
    this.lastId = saved.id;
    this.undo.hidden = false;
    this.told.textContent = `${this.form.dataset["saved"]} ${this.count}. ${saved.notice}`;
    this.form.querySelector<HTMLInputElement>('[name="key"]')!.value = newKey();
    for (const cell of this.cells()) {
      cell.value = "";
      if (cell.dataset["code"] !== undefined) {
        this.show(cell, []);
        this.complain(cell, "");
      }
    }
    this.cells()[0]?.focus();
  }

  private refused(problem: Problem): void {
    const cell = this.cells().find((each) => each.dataset["code"] === problem.field || each.name === problem.field);
    if (cell !== undefined) {
      this.complain(cell, problem.sentence ?? "");
      cell.focus();
      cell.select();
    } else this.told.textContent = problem.sentence ?? this.form.dataset["failed"]!;
  }

  private async takeBack(): Promise<void> {
    if (this.lastId === null) return;
    const address = this.undo.dataset["undo"]!.replace("/0/", `/${this.lastId}/`);
    const body = new FormData();
    body.append("csrf_token", this.form.querySelector<HTMLInputElement>('[name="csrf_token"]')!.value);
    try {
      const answer = await fetch(address, { method: "POST", body });
      if (answer.ok) {
        this.count -= 1;
        this.told.textContent = `${this.form.dataset["undone"]} ${this.form.dataset["saved"]} ${this.count}.`;
        this.lastId = null;
        this.undo.hidden = true;
      } else this.told.textContent = ((await answer.json()) as Problem).sentence ?? this.form.dataset["failed"]!;
    } catch {
      this.told.textContent = this.form.dataset["failed"]!;
    }
    this.cells()[0]?.focus();
  }
}

function keysOf(cell: HTMLInputElement): Map<string, string> {
  const shown = cell.closest("[data-row]")?.querySelectorAll<HTMLElement>("[data-key-of]") ?? [];
  return new Map([...shown].map((key) => [key.dataset["keyOf"] ?? "", key.dataset["option"] ?? ""]));
}

/** 128 random bits; `crypto.randomUUID` is only there over https and on this machine. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

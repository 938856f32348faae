import type { Words } from "@/i18n/zh-Hans";

/** What the server answers to a kept draft. */
export interface Kept {
  seen: number;
  total: string;
  fatal: boolean;
  missing: string[];
}

const WAIT_MS = 400;
const AGAIN_MS = 2_000;

/** Sends the form while it is typed: one request at a time, the newest state last, again and again while offline. */
export class Draft {
  private timer: number | undefined;
  private running: Promise<void> | null = null;
  private isDirty = false;
  private isStopped = false;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly words: Words["evaluation"],
    private readonly told: (kept: Kept) => void,
  ) {}

  /** Something was typed. */
  touch(wait = WAIT_MS): void {
    this.isDirty = true;
    if (this.isStopped) return;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.send(), wait);
  }

  /** Resolves when everything typed so far is kept, or cannot be. */
  async settle(): Promise<void> {
    window.clearTimeout(this.timer);
    if (this.running !== null) await this.running;
    if (this.isDirty) await this.send();
  }

  private async send(): Promise<void> {
    if (this.running !== null) await this.running;
    if (!this.isDirty || this.isStopped) return;
    this.isDirty = false;
    this.say(this.words.saving);
    this.running = this.post();
    await this.running;
    this.running = null;
  }

  private async post(): Promise<void> {
    let answer: Response;
    try {
      answer = await fetch(this.form.dataset["draft"] ?? "", { method: "POST", body: new FormData(this.form), keepalive: true });
    } catch {
      this.again();
      return;
    }
    if (answer.ok) {
      const kept = (await answer.json()) as Kept;
      (this.form.elements.namedItem("seen") as HTMLInputElement).value = String(kept.seen);
      this.say(this.words.saved);
      this.told(kept);
    } else if (answer.status >= 500) this.again();
    else {
      // Another window, a colleague's decision or the end of the sign-in: writing on here would be lost.
      this.isStopped = true;
      this.say(answer.status === 409 ? this.words.stopped : this.words.signedOut);
    }
  }

  private again(): void {
    this.say(this.words.offline);
    this.touch(AGAIN_MS);
  }

  private say(text: string): void {
    const place = this.form.querySelector("[data-saved]");
    if (place !== null && place.textContent !== text) place.textContent = text;
  }
}

import type { Words } from "@/i18n/zh-Hans";

/** Ask in the player itself why one listens; `onReason` comes with what was typed. Asking twice shows one question. */
export function askForReason(host: HTMLElement, words: Words["player"], onReason: (reason: string) => void): void {
  const open = host.querySelector<HTMLInputElement>(".player-reason input");
  if (open !== null) {
    open.focus();
    return;
  }
  const form = document.createElement("form");
  form.className = "player-reason";
  const label = document.createElement("label");
  label.className = "form-label mb-0";
  const input = document.createElement("input");
  input.className = "form-control form-control-sm";
  input.required = true;
  input.maxLength = 200;
  label.append(words.whyListen, input);
  const send = document.createElement("button");
  send.className = "btn btn-sm btn-primary";
  send.textContent = words.play;
  form.append(label, send);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = input.value.trim();
    if (reason === "") return;
    form.remove();
    onReason(reason);
  });
  host.append(form);
  input.focus();
}

import { pageWords } from "./words";

type ToastLevel = "info" | "success" | "error";

const ICONS: Record<ToastLevel, string> = {
  info: "bi-info-circle",
  success: "bi-check-circle",
  error: "bi-exclamation-triangle",
};
// Long enough to read two sentences; an error stays until it is dismissed.
const SHOWN_MS = 8000;
const AT_MOST = 5;

/** Make server-rendered messages dismissible: `.alert` by its `[data-alert-close]`, `.wl-toast` also by itself. */
export function startToasts(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    event.target.closest("[data-toast-close]")?.closest(".wl-toast")?.remove();
    event.target.closest("[data-alert-close]")?.closest(".alert")?.remove();
  });
  for (const toast of document.querySelectorAll<HTMLElement>(".wl-toast")) leaveLater(toast);
}

/** Tell the user something at the edge of the page. The text is shown as text, never as markup. */
export function showToast(level: ToastLevel, text: string): void {
  const list = toastList();
  const toast = document.createElement("div");
  toast.className = "wl-toast";
  toast.dataset["level"] = level;
  toast.setAttribute("role", level === "error" ? "alert" : "status");
  const icon = document.createElement("i");
  icon.className = `bi ${ICONS[level]}`;
  icon.setAttribute("aria-hidden", "true");
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.dataset["toastClose"] = "";
  close.setAttribute("aria-label", pageWords().dismiss);
  toast.append(icon, words, close);
  list.append(toast);
  while (list.children.length > AT_MOST) list.firstElementChild?.remove();
  leaveLater(toast);
}

function toastList(): HTMLElement {
  const found = document.querySelector<HTMLElement>(".wl-toasts");
  if (found !== null) return found;
  const list = document.createElement("div");
  list.className = "wl-toasts";
  document.body.append(list);
  return list;
}

function leaveLater(toast: HTMLElement): void {
  if (toast.dataset["level"] !== "error") setTimeout(() => toast.remove(), SHOWN_MS);
}

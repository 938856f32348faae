import htmx from "htmx.org";

import { SIGN_IN_WANTED } from "@/shared/signIn";

import { showToast } from "./toasts";
import { pageWords } from "./words";

interface ConfigRequest {
  headers: Record<string, string>;
  verb: string;
}

/** htmx under our Content-Security-Policy, with the CSRF token on each changing request and errors told in words. */
export function startHtmx(): void {
  htmx.config.allowEval = false;
  htmx.config.includeIndicatorStyles = false;
  htmx.config.selfRequestsOnly = true;
  htmx.config.defaultSwapDelay = 0;
  window.htmx = htmx;

  document.addEventListener("htmx:configRequest", (event) => {
    const request = (event as CustomEvent<ConfigRequest>).detail;
    const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content;
    if (token !== undefined && request.verb !== "get") request.headers["X-CSRFToken"] = token;
  });
  document.addEventListener("htmx:sendError", () => showToast("error", pageWords().offline));
  document.addEventListener("htmx:timeout", () => showToast("error", pageWords().offline));
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail;
    if (xhr.status === 401) toSignIn();
    else showToast("error", problemDetail(xhr) ?? pageWords().serverError);
  });
}

function toSignIn(): void {
  const goes = document.dispatchEvent(new Event(SIGN_IN_WANTED, { cancelable: true }));
  if (goes) window.location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}

function problemDetail(xhr: XMLHttpRequest): string | null {
  if (!(xhr.getResponseHeader("content-type") ?? "").includes("problem+json")) return null;
  try {
    const problem = JSON.parse(xhr.responseText) as { detail?: unknown };
    return typeof problem.detail === "string" ? problem.detail : null;
  } catch {
    return null;
  }
}

import type { AgentState } from "@/live/protocol";

/** The icon of each agent state, beside its word everywhere. */
export const STATE_ICONS: Record<AgentState, string> = {
  offline: "bi-circle",
  not_ready: "bi-pause-circle-fill",
  ready: "bi-check-circle-fill",
  ringing: "bi-bell-fill",
  talking: "bi-telephone-fill",
  wrap_up: "bi-pencil-square",
  listening: "bi-headphones",
};

/** The icon of each message state. */
export const MESSAGE_ICONS: Record<string, string> = {
  new: "bi-envelope-fill",
  read: "bi-envelope-open",
  answered: "bi-reply-fill",
  linked: "bi-link-45deg",
  ignored: "bi-slash-circle",
  queued: "bi-hourglass-split",
  sent: "bi-send",
  delivered: "bi-check2-all",
  undelivered: "bi-x-circle",
  expired: "bi-clock-history",
  failed: "bi-exclamation-triangle-fill",
  cancelled: "bi-slash-circle",
};

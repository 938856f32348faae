import { computed, onScopeDispose, reactive, ref, watch } from "vue";

import { useDesk } from "./store";

/** Any field that carries this, or that a browser would fill in with a payment card, is not to be heard on a recording. */
const SENSITIVE = "[data-sensitive], input[autocomplete^='cc-']";
// From one sensitive field to the next the recording stays paused; a person needs no longer between two.
const BETWEEN_FIELDS_MS = 400;

/** Whether what has the focus must not be heard on the recording. */
export function isSensitive(element: EventTarget | null): boolean {
  return element instanceof Element && element.closest(SENSITIVE) !== null;
}

/**
 * Pauses the recording by the button, and by itself while a sensitive field has the focus. What the agent paused by hand
 * goes on by hand; the server ends a forgotten pause.
 */
export function useRecordingPause() {
  const desk = useDesk();
  const call = computed(() => (desk.call.stage === "live" && desk.call.call?.direction !== "internal" ? desk.call.call : null));
  const isPaused = computed(() => (call.value?.recording_paused_at ?? null) !== null);
  const canPause = computed(
    () => call.value !== null && call.value.answered_at !== null && call.value.consult === null && !call.value.is_rejoining,
  );
  const isByField = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function order(kind: "pause_recording" | "resume_recording", quietly: boolean): Promise<void> {
    if (call.value !== null) await desk.run(kind, { call_id: call.value.id }, { quietly });
  }

  function toggle(): void {
    isByField.value = false;
    void order(isPaused.value ? "resume_recording" : "pause_recording", false);
  }

  function onFocus(event: FocusEvent): void {
    if (!isSensitive(event.target)) return;
    clearTimeout(timer);
    if (!canPause.value || isPaused.value) return;
    isByField.value = true;
    void order("pause_recording", false);
  }

  function onBlur(event: FocusEvent): void {
    if (!isSensitive(event.target) || !isByField.value) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      isByField.value = false;
      void order("resume_recording", true);
    }, BETWEEN_FIELDS_MS);
  }

  watch(
    () => call.value?.id,
    () => (isByField.value = false),
  );
  document.addEventListener("focusin", onFocus);
  document.addEventListener("focusout", onBlur);
  onScopeDispose(() => {
    clearTimeout(timer);
    document.removeEventListener("focusin", onFocus);
    document.removeEventListener("focusout", onBlur);
  });
  return reactive({ isPaused, canPause, toggle });
}

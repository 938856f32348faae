import { defineStore } from "pinia";
import { computed, ref, watch } from "vue";

import { dropDraft, keepDraft, readDraft } from "@/shared/drafts";

import { useDesk } from "./store";

interface Notes {
  disposition: string | null;
  note: string;
}
type Saving = "saved" | "kept" | "saving";

// Long enough not to save every word, short enough that a crash of the computer costs a sentence.
const SAVE_AFTER_MS = 1500;

/** Disposition and note of the desk's call: kept in this browser at once, saved at the server as the agent types. */
export const useWrapUp = defineStore("wrapUp", () => {
  const desk = useDesk();
  const callId = computed(() => desk.snapshot?.call?.id ?? null);
  const notes = ref<Notes>({ disposition: null, note: "" });
  const saving = ref<Saving>("saved");
  let timer: ReturnType<typeof setTimeout> | undefined;

  watch(
    callId,
    (next, previous) => {
      clearTimeout(timer);
      // A wrap-up that the server's clock ended must not take the last words with it.
      if (previous !== undefined && previous !== null) void save(previous, { ...notes.value });
      if (next !== null) open(next);
      else notes.value = { disposition: null, note: "" };
    },
    { immediate: true },
  );
  watch(
    () => desk.isConnected,
    (isConnected) => {
      if (isConnected && saving.value === "kept") saveSoon();
    },
  );

  function open(id: string): void {
    const draft = readDraft<Notes>(draftKey(id));
    const call = desk.snapshot?.call;
    notes.value = draft ?? { disposition: call?.disposition ?? null, note: call?.note ?? "" };
    saving.value = draft === null ? "saved" : "kept";
    if (draft !== null) saveSoon();
  }

  function change(changes: Partial<Notes>): void {
    const id = callId.value;
    if (id === null) return;
    notes.value = { ...notes.value, ...changes };
    saving.value = "kept";
    keepDraft(draftKey(id), notes.value);
    saveSoon();
  }

  function saveSoon(): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (callId.value !== null) void save(callId.value, { ...notes.value });
    }, SAVE_AFTER_MS);
  }

  async function save(id: string, given: Notes): Promise<void> {
    if (readDraft(draftKey(id)) === null) return;
    if (id === callId.value) saving.value = "saving";
    const isSaved = await desk.run("save_wrap_up", { call_id: id, ...given }, { quietly: true });
    settle(id, given, isSaved);
  }

  async function finish(): Promise<void> {
    const id = callId.value;
    if (id === null) return;
    clearTimeout(timer);
    const given = { ...notes.value };
    const isSaved = await desk.run("finish_wrap_up", { call_id: id, ...given });
    settle(id, given, isSaved);
  }

  /** What was typed while the answer was under way stays a draft. */
  function settle(id: string, given: Notes, isSaved: boolean): void {
    const draft = readDraft<Notes>(draftKey(id));
    const isSame = draft === null || (draft.note === given.note && draft.disposition === given.disposition);
    if (isSaved && isSame) dropDraft(draftKey(id));
    if (id === callId.value) saving.value = isSaved && isSame ? "saved" : "kept";
  }

  function draftKey(id: string): string {
    return `wrap-up.${desk.config.agent.id}.${id}`;
  }

  return { callId, notes, saving, change, finish };
});

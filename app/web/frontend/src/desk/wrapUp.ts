import { defineStore } from "pinia";
import { computed, ref, watch } from "vue";

import { dropDraft, keepDraft, readDraft } from "@/shared/drafts";

import type { Choice } from "@/shared/config";

import { useDesk } from "./store";

interface Notes {
  disposition: string | null;
  note: string;
}
export interface Offered {
  dispositions: Choice[];
  is_disposition_required: boolean;
  templates: { id: number; title: string; text: string }[];
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
  /** What may be chosen and put into the note: of the call's queue, or what holds everywhere. */
  const offered = ref<Offered>({ dispositions: desk.config.dispositions ?? [], is_disposition_required: true, templates: [] });
  /** Wrap-up was to end, and its queue asks for a disposition. */
  const isMissing = ref(false);
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
    () => [callId.value, desk.snapshot?.call?.queue ?? ""] as const,
    ([id, queue]) => {
      if (id !== null) void learn(queue);
    },
    { immediate: true },
  );
  watch(
    () => desk.isConnected,
    (isConnected) => {
      if (isConnected && saving.value === "kept") saveSoon();
    },
  );

  /** A list that cannot be fetched stays the one before: an agent can always close the call. */
  async function learn(queue: string): Promise<void> {
    try {
      const answer = await fetch(`/wrap-up/offered?queue=${encodeURIComponent(queue)}`);
      if (answer.ok) offered.value = (await answer.json()) as Offered;
    } catch {
      // The server is away; the desk says so elsewhere.
    }
  }

  function open(id: string): void {
    isMissing.value = false;
    const draft = readDraft<Notes>(draftKey(id));
    const call = desk.snapshot?.call;
    notes.value = draft ?? { disposition: call?.disposition ?? null, note: call?.note ?? "" };
    saving.value = draft === null ? "saved" : "kept";
    if (draft !== null) saveSoon();
  }

  function change(changes: Partial<Notes>): void {
    const id = callId.value;
    if (id === null) return;
    if (changes.disposition !== undefined) isMissing.value = false;
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

  /** Save and end wrap-up; false when the server did not take it. */
  async function finish(): Promise<boolean> {
    const id = callId.value;
    if (id === null) return false;
    clearTimeout(timer);
    const given = { ...notes.value };
    const isSaved = await desk.run("finish_wrap_up", { call_id: id, ...given });
    settle(id, given, isSaved);
    return isSaved;
  }

  /** As `finish`, once what the queue asks for is there; false, and said at its place, when it is not. */
  async function finishAll(): Promise<boolean> {
    isMissing.value = notes.value.disposition === null && offered.value.is_disposition_required;
    return !isMissing.value && (await finish());
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

  return { callId, notes, saving, offered, isMissing, change, finishAll };
});

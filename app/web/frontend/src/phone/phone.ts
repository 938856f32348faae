import { defineStore } from "pinia";
import { computed, ref } from "vue";

import { initialPhone, step, type PhoneEffect, type PhoneEvent, type PhoneState } from "./machine";
import { SIPLine, type SIPAccount } from "./line";
import { MicrophoneInput } from "./microphone";
import { PhoneOwnership } from "./ownership";

/** The agent's phone: the machine's state for the page to show, and the only place that carries out its effects. */
export const usePhone = defineStore("phone", () => {
  const state = ref<PhoneState>(initialPhone(Date.now(), false));
  const audio = new Audio();
  audio.autoplay = true;
  const microphone = new MicrophoneInput((found) => tell({ kind: "microphone", microphone: found }));
  let account: SIPAccount | null = null;
  let ownership: PhoneOwnership | null = null;
  let line: SIPLine | null = null;
  let alarm: ReturnType<typeof setTimeout> | undefined;

  /** Register at once: a call that outlives a reload waits for it. Neither live connection nor microphone is waited for. */
  function start(agent: string, sip: SIPAccount): void {
    account = sip;
    state.value = initialPhone(Date.now(), true);
    ownership = new PhoneOwnership(agent, {
      gained: () => tell({ kind: "lock_gained" }),
      lost: () => tell({ kind: "lock_lost" }),
    });
    // Web Locks are missing where the page is not served securely, and so is the microphone.
    if (navigator.locks === undefined) tell({ kind: "microphone", microphone: "insecure" });
    else ownership.wait();
    window.addEventListener("online", () => tell({ kind: "retry_due" }));
    void microphone.openIfAllowed();
  }

  function tell(event: PhoneEvent): void {
    const next = step(state.value, event, Date.now());
    state.value = next.state;
    next.effects.forEach(carryOut);
  }

  function carryOut(effect: PhoneEffect): void {
    switch (effect.kind) {
      case "connect":
        clearTimeout(alarm);
        line?.close();
        line = openLine();
        return;
      case "drop_connection":
        clearTimeout(alarm);
        line?.close();
        line = null;
        audio.srcObject = null;
        return;
      case "wake_at":
        alarm = setTimeout(() => tell({ kind: "retry_due" }), effect.at - Date.now());
        return;
      case "answer":
        void answer(effect.id);
        return;
      case "reject":
        line?.reject(effect.id);
        return;
      case "hang_up":
        line?.hangUp(effect.id);
        return;
      case "hold":
        line?.hold(effect.id, effect.on);
        return;
      case "mute":
        line?.mute(effect.id, effect.on);
        return;
    }
  }

  function openLine(): SIPLine | null {
    if (account === null) return null;
    return new SIPLine(account, {
      registered: () => tell({ kind: "registered" }),
      registrationRejected: () => tell({ kind: "registration_rejected" }),
      disconnected: () => tell({ kind: "disconnected" }),
      invited: (id, number, isAuto) => tell({ kind: "invited", id, number, isAuto }),
      established: (id) => tell({ kind: "established", id }),
      ended: (id) => tell({ kind: "ended", id }),
      held: (id, isHeld) => tell({ kind: "held", id, isHeld }),
      audio: (stream) => {
        audio.srcObject = stream;
        void audio.play().catch(() => {});
      },
    });
  }

  async function answer(id: string): Promise<void> {
    const stream = await microphone.open();
    if (stream === null) line?.reject(id);
    else line?.answer(id, stream);
  }

  return {
    state,
    start,
    tell,
    isRegistered: computed(() => state.value.line === "registered"),
    isOwner: computed(() => state.value.line !== "elsewhere" && state.value.line !== "off"),
    isInCall: computed(() => state.value.session?.stage === "talking"),
    takeOver: () => ownership?.takeOver(),
    allowMicrophone: async () => (await microphone.open()) !== null,
    sendTone: (tone: string) => {
      if (state.value.session !== null) line?.sendTone(state.value.session.id, tone);
    },
  };
});

import { defineStore } from "pinia";
import { computed, ref, watch } from "vue";

import { useDevices } from "./devices";
import { initialPhone, step, type PhoneEffect, type PhoneEvent, type PhoneState } from "./machine";
import { SIPLine, type SIPAccount } from "./line";
import { MicrophoneInput } from "./microphone";
import { Mirror } from "./mirror";
import { PhoneOwnership } from "./ownership";
import { qualityOf, steady, type LineFigures, type Quality } from "./quality";
import { setSink } from "./ringtone";

const LOOK_EVERY_MS = 2000;
const LOOKS_KEPT = 5;

/** The agent's phone: the machine's state for the page to show, and the only place that carries out its effects. */
export const usePhone = defineStore("phone", () => {
  const state = ref<PhoneState>(initialPhone(Date.now(), false));
  const devices = useDevices();
  const audio = new Audio();
  audio.autoplay = true;
  const looks = ref<Quality[]>([]);
  /** How loud the microphone was in the call at the last look; null where nobody knows. */
  const spoken = ref<number | null>(null);
  const shownQuality = ref<Quality | null>(null);
  const stream = ref<MediaStream | null>(null);
  const microphone = new MicrophoneInput({
    changed: (found) => {
      tell({ kind: "microphone", microphone: found });
      // Names of devices are told from now on.
      if (found === "granted") void devices.refresh();
    },
    replaced: (found) => {
      stream.value = found;
      void line?.changeMicrophone(found);
    },
  });
  let account: SIPAccount | null = null;
  let ownership: PhoneOwnership | null = null;
  let mirror: Mirror | null = null;
  let line: SIPLine | null = null;
  let alarm: ReturnType<typeof setTimeout> | undefined;
  let looking: ReturnType<typeof setInterval> | undefined;

  const isOwner = computed(() => state.value.line !== "elsewhere" && state.value.line !== "off");

  /** Register at once: a call that outlives a reload waits for it. Neither live connection nor microphone is waited for. */
  function start(agent: string, sip: SIPAccount): void {
    account = sip;
    state.value = initialPhone(Date.now(), true);
    mirror = new Mirror(agent, {
      asked: show,
      shown: (shown) => {
        if (isOwner.value) return;
        shownQuality.value = shown.quality;
        tell({ kind: "mirrored", session: shown.session });
      },
      pressed: (press) => {
        if (isOwner.value) tell(press);
      },
      tone: (tone) => {
        if (isOwner.value) sendTone(tone);
      },
    });
    ownership = new PhoneOwnership(agent, {
      gained: () => tell({ kind: "lock_gained" }),
      lost: () => tell({ kind: "lock_lost" }),
    });
    // Web Locks are missing where the page is not served securely, and so is the microphone.
    if (navigator.locks === undefined) tell({ kind: "microphone", microphone: "insecure" });
    else ownership.wait();
    mirror.ask();
    window.addEventListener("online", () => tell({ kind: "retry_due" }));
    // The chosen one from the start: the list of what is plugged in comes later.
    void microphone.use(devices.choice.microphone);
    void microphone.openIfAllowed().then(openOwn);
  }

  async function openOwn(): Promise<void> {
    if (state.value.microphone === "granted") stream.value = await microphone.open();
  }

  watch(() => devices.microphone, (device) => void microphone.use(device));
  watch(() => devices.headset, (device) => void setSink(audio, device), { immediate: true });
  watch([() => state.value.session, isOwner], show, { deep: true });
  watch(() => state.value.session?.stage === "talking" && isOwner.value, followQuality);

  function tell(event: PhoneEvent): void {
    const next = step(state.value, event, Date.now());
    state.value = next.state;
    next.effects.forEach(carryOut);
  }

  function show(): void {
    if (isOwner.value) mirror?.show({ session: state.value.session, quality: quality.value });
  }

  function followQuality(isTalking: boolean): void {
    clearInterval(looking);
    looks.value = [];
    spoken.value = null;
    let before: LineFigures | null = null;
    if (!isTalking) return;
    looking = setInterval(async () => {
      const id = state.value.session?.id;
      const now = id === undefined ? null : await line?.figures(id).catch(() => null);
      if (now == null || now.received === before?.received) {
        before = now ?? before;
        return;
      }
      looks.value = [...looks.value, qualityOf(now, before)].slice(-LOOKS_KEPT);
      spoken.value = now.level;
      before = now;
      show();
    }, LOOK_EVERY_MS);
  }

  const quality = computed<Quality | null>(() => {
    if (!isOwner.value) return shownQuality.value;
    const last = looks.value.at(-1);
    const level = steady(looks.value);
    return last === undefined || level === null ? null : { ...last, level };
  });

  function carryOut(effect: PhoneEffect): void {
    switch (effect.kind) {
      case "pass_on":
        mirror?.press(effect.press);
        return;
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
      audio: (heard) => {
        audio.srcObject = heard;
        void audio.play().catch(() => {});
      },
    });
  }

  async function answer(id: string): Promise<void> {
    const opened = await microphone.open();
    stream.value = opened;
    if (opened === null) line?.reject(id);
    else line?.answer(id, opened);
  }

  function sendTone(tone: string): void {
    if (!isOwner.value) mirror?.tone(tone);
    else if (state.value.session !== null) line?.sendTone(state.value.session.id, tone);
  }

  return {
    state,
    start,
    tell,
    quality,
    spoken,
    /** The open microphone, for whoever shows how loud it is. */
    stream,
    isRegistered: computed(() => state.value.line === "registered"),
    isOwner,
    isInCall: computed(() => state.value.session?.stage === "talking"),
    takeOver: () => ownership?.takeOver(),
    allowMicrophone: async () => {
      stream.value = await microphone.open();
      return stream.value !== null;
    },
    sendTone,
  };
});

import { defineStore } from "pinia";
import { computed, ref, watch } from "vue";

import { inUse, readChoice, unplugged, type DeviceChoice, type Part, type Present } from "./deviceChoice";

const KEPT = "wardline.devices";

/** The sound devices of this computer and what the agent chose among them; the choice stays with the browser. */
export const useDevices = defineStore("devices", () => {
  const choice = ref<DeviceChoice>(readChoice(localStorage.getItem(KEPT)));
  const present = ref<Present>({ inputs: [], outputs: [] });
  let told: (parts: Part[]) => void = () => {};

  watch(
    choice,
    (now) => {
      try {
        localStorage.setItem(KEPT, JSON.stringify(now));
      } catch {
        // The browser's store is full or shut: the choice holds until the page goes.
      }
    },
    { deep: true },
  );

  /** Follow what is plugged in and out; `whenUnplugged` is told which of the chosen devices went. */
  function start(whenUnplugged: (parts: Part[]) => void): void {
    told = whenUnplugged;
    navigator.mediaDevices?.addEventListener("devicechange", () => void refresh());
    void refresh();
  }

  /** Read the list anew: names are told only once the microphone is allowed. */
  async function refresh(): Promise<void> {
    const before = present.value;
    present.value = await listed();
    const gone = unplugged(choice.value, before, present.value);
    if (gone.length > 0) told(gone);
  }

  return {
    choice,
    present,
    start,
    refresh,
    microphone: computed(() => inUse(choice.value, "microphone", present.value)),
    headset: computed(() => inUse(choice.value, "headset", present.value)),
    ring: computed(() => ({
      tone: choice.value.tone,
      volume: choice.value.volume,
      device: inUse(choice.value, "ringer", present.value),
    })),
  };
});

async function listed(): Promise<Present> {
  const found = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const of = (kind: MediaDeviceKind) =>
    found
      // The computer's own stands for itself as an empty choice; without leave the browser tells no ids.
      .filter((device) => device.kind === kind && !["", "default", "communications"].includes(device.deviceId))
      .map((device) => ({ id: device.deviceId, label: device.label }));
  return { inputs: of("audioinput"), outputs: of("audiooutput") };
}

// Which microphone, headset and ringer are used. Values only; the browser's own lists are in devices.ts.

export interface Device {
  id: string;
  label: string;
}

export const TONES = ["soft", "bell", "low", "urgent"] as const;
export type Tone = (typeof TONES)[number];

/** What the agent chose in this browser; an empty id is whatever the computer uses. */
export interface DeviceChoice {
  microphone: string;
  headset: string;
  ringer: string;
  tone: Tone;
  /** 0 to 1. */
  volume: number;
}

export const USUAL: DeviceChoice = { microphone: "", headset: "", ringer: "", tone: "soft", volume: 0.6 };

export type Part = "microphone" | "headset" | "ringer";
export interface Present {
  inputs: readonly Device[];
  outputs: readonly Device[];
}

/** What the browser kept, whatever it is: a part that cannot be read is as usual. */
export function readChoice(text: string | null): DeviceChoice {
  let kept: Partial<Record<keyof DeviceChoice, unknown>> = {};
  try {
    kept = (JSON.parse(text ?? "{}") ?? {}) as typeof kept;
  } catch {
    return USUAL;
  }
  const id = (part: Part) => (typeof kept[part] === "string" ? kept[part] : "");
  return {
    microphone: id("microphone"),
    headset: id("headset"),
    ringer: id("ringer"),
    tone: TONES.find((tone) => tone === kept.tone) ?? USUAL.tone,
    volume: typeof kept.volume === "number" && kept.volume >= 0 && kept.volume <= 1 ? kept.volume : USUAL.volume,
  };
}

/** The id that is used of a chosen device: none, the computer's own, while the chosen one is not plugged in. */
export function inUse(choice: DeviceChoice, part: Part, present: Present): string {
  const among = part === "microphone" ? present.inputs : present.outputs;
  return among.some((device) => device.id === choice[part]) ? choice[part] : "";
}

/** The chosen devices that were there before and are not any more. */
export function unplugged(choice: DeviceChoice, before: Present, now: Present): Part[] {
  const parts: Part[] = ["microphone", "headset", "ringer"];
  return parts.filter((part) => inUse(choice, part, before) !== "" && inUse(choice, part, now) === "");
}

import type { DeskSnapshot } from "@/live/protocol";
import type { Microphone, PhoneState } from "@/phone/machine";

export interface Trouble {
  /** A key of the `link` sentences. */
  code: string;
  level: "bad" | "warn" | "info";
  since: string | null;
}

/** The `link` sentence for each state in which the microphone cannot be used. */
export const MICROPHONE_TROUBLES: Partial<Record<Microphone, string>> = {
  denied: "microphoneDenied",
  missing: "microphoneMissing",
  busy: "microphoneBusy",
  insecure: "microphoneInsecure",
};

// The server asks for a proof every 1.5 s and telephony proves itself each second: this much silence is no accident.
const SILENT_MS = 5000;

export interface Links {
  isConnected: boolean;
  wasConnected: boolean;
  /** When the server was last heard, and when telephony last proved itself to it; null when not yet. */
  heardAt: number | null;
  provedAt: number | null;
  now: number;
  links: DeskSnapshot["links"] | null;
  phone: PhoneState;
  /** In a call nothing has come from the microphone for long. */
  isUnheard?: boolean;
}

/** What is not as it should be, the worst first; what the server said is not believed while the server is out of reach. */
export function troubles({ isConnected, wasConnected, heardAt, provedAt, now, links, phone, isUnheard = false }: Links): Trouble[] {
  const found: Trouble[] = [];
  const isSilent = (since: number | null): since is number => since !== null && now - since > SILENT_MS;
  const add = (code: string, level: Trouble["level"], since: string | null = null) => found.push({ code, level, since });

  // A phone that is not registered does not ring, so nobody is told that it does.
  const rings = phone.line === "registered" || phone.line === "elsewhere";
  const telephonyDown = rings ? "telephonyDown" : "telephonyDownHere";

  if (!isConnected && wasConnected) add(rings ? "server" : "serverHere", "bad");
  if (!isConnected && !wasConnected) add("serverConnecting", "info");
  if (isConnected && isSilent(heardAt)) add("serverSilent", "bad", new Date(heardAt).toISOString());
  if (phone.line === "waiting") add("phoneWaiting", "bad");
  if (phone.line === "refused") add("phoneRefused", "bad");
  const microphone = MICROPHONE_TROUBLES[phone.microphone];
  if (microphone !== undefined && phone.line !== "off") add(microphone, "bad");
  if (isUnheard) add("unheard", "bad");
  if (isConnected && !isSilent(heardAt) && links !== null) {
    const { telephony, sms } = links;
    if (telephony.state === "up" && isSilent(provedAt)) add(telephonyDown, "bad", new Date(provedAt).toISOString());
    if (telephony.state === "down") add(telephonyDown, "bad", telephony.since);
    if (telephony.state === "reconciling") add("telephonyReconciling", "info", telephony.since);
    if (sms.state === "refused") add("smsRefused", "warn", sms.since);
    if (sms.state === "down") add("smsDown", "warn", sms.since);
    if (sms.state === "connecting") add("smsConnecting", "info", sms.since);
  }
  if (phone.line === "connecting") add("phoneConnecting", "info");
  if (phone.line === "elsewhere") add(phone.isTaken ? "phoneTaken" : "phoneElsewhere", phone.isTaken ? "warn" : "info");
  if (phone.line === "off") add("noPhone", "info");

  const rank = { bad: 0, warn: 1, info: 2 };
  return found.sort((one, other) => rank[one.level] - rank[other.level]);
}

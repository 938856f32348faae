export interface Choice<Code extends string = string> {
  code: Code;
  label: string;
}

export interface Department {
  id: number;
  name: string;
  /** Where calls for it go; null when it has no telephone on record. */
  number_display: string | null;
}

export interface DeskConfig {
  agent: { id: string; name: string };
  locale: string;
  role: string;
  csrf_token: string;
  sip: { ws_url: string; uri: string; password: string; ice_servers?: RTCIceServer[] } | null;
  dispositions: Choice[];
  not_ready_reasons: Choice[];
  /** The name of every reason that an agent may have. */
  reason_names: Record<string, string>;
  /** Key by action: the usual ones, and those that this agent changed. */
  usual_keys: Record<string, string>;
  keys: Record<string, string>;
  /** The hospital's zone, where the server tells it. */
  timezone?: string;
  /** What the gateway puts in front of each text, where the server tells it. */
  sms_signature?: string;
  departments?: Department[];
  dial: { patient_id: number; phone_id: number; task_id?: number } | null;
  /** The follow-up that the page was opened for. */
  followup?: number | null;
  /** This user sees numbers with their middle hidden. */
  is_masked?: boolean;
  /** When this user was last seen before this sign-in; null when never. */
  away_since?: string | null;
}

export interface WallboardConfig {
  locale: string;
  timezone?: string;
}

/** The JSON data block with this id. Throws when the page has none: without it nothing can work. */
export function readConfig<Config>(id: string): Config {
  const block = document.getElementById(id);
  if (block === null) throw new Error(`the page has no #${id}`);
  return JSON.parse(block.textContent ?? "") as Config;
}

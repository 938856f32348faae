// The messages of docs/desk-protocol.md, in its words.

export type AgentState = "offline" | "not_ready" | "ready" | "ringing" | "talking" | "wrap_up" | "listening";
/** Reasons of the product; the rest are codes of the hospital's own list. */
export type OwnReason =
  | "signed_in"
  | "missed_call"
  | "rejected_call"
  | "desk_lost"
  | "by_supervisor";
export type LinkState = "up" | "reconciling" | "down";
export type GatewayState = "bound" | "connecting" | "refused" | "down" | "off";
export type Sex = "F" | "M" | "U";

export interface Stamp {
  n: number;
  seq: number;
}

export interface Contact {
  at: string;
  channel: "call" | "sms";
  direction: "inbound" | "outbound";
  summary: string | null;
}

export interface PatientCard {
  id: number;
  name: string;
  sex: Sex | null;
  age: number | null;
  birth_date: string | null;
  url: string;
  is_provisional: boolean;
  is_key_patient: boolean;
  language: string | null;
  deceased: boolean;
  relation: string | null;
  calling_for: string | null;
  /** The contact person who calls, and whether this person may hear about the patient. */
  caller_name?: string | null;
  may_be_told?: boolean | null;
  last_contact: Contact | null;
  open_messages: number;
  preferred_channel: string | null;
  preferred_time: string | null;
  /** What a colleague noted for the conversation; after the check also what rules found in clinical data. */
  flags: string[];
  wishes: { at: string; text: string }[];
}

export type IdentityKind = "name" | "birth_date" | "id_card" | "card";

export interface Verification {
  at: string | null;
  kinds: IdentityKind[];
  tries_left: number;
}

export interface MedicalDetails {
  medications: { drug: string; dose: string | null; at: string }[];
  results: { item: string; value: string; unit: string | null; flag: string; at: string }[];
}

/** What is medical: there only for a caller whose identity was checked; details only by consent. */
export interface MedicalFocus {
  diagnoses: { text: string; at: string; is_main: boolean }[];
  last_visit: {
    kind: string;
    started_at: string;
    ended_at: string | null;
    doctor: string | null;
    department: string | null;
  } | null;
  operations: { name: string; at: string; doctor: string | null }[];
  courses: { title: string; starts_on: string; ends_on: string | null; doctor: string | null }[];
  history: { text: string; at: string }[];
  details: MedicalDetails | null;
}

export interface Reason {
  code: string;
  text: string;
}

export interface Candidate {
  key: string;
  patient: PatientCard;
  reasons: Reason[];
}

export interface Agent {
  id: string;
  name: string;
  state: AgentState;
  reason: string | null;
  since: string;
  wrap_up_until: string | null;
  /** What the agent is once the present call and its wrap-up are over; null while nothing has to end first. */
  after: { state: "ready" | "not_ready"; reason: string | null; is_chosen: boolean } | null;
}

/** Somebody is asked while the patient holds. `is_asked`: it is this desk. */
export interface Consult {
  state: "ringing" | "talking" | "conference";
  with: string;
  name: string;
  is_asked: boolean;
}

/** A patient who waits with music until somebody picks the call up. */
export interface ParkedCall {
  call_id: string;
  name: string | null;
  number_display: string;
  since: string;
  by: string;
}

export interface Call {
  id: string;
  /** An internal call is one among colleagues, and has no patient. */
  direction: "inbound" | "outbound" | "internal";
  state: "ringing" | "answered" | "abandoned" | "failed" | "wrapped_up";
  number: string | null;
  number_display: string | null;
  queue: string | null;
  queue_label: string | null;
  started_at: string;
  offered_at: string | null;
  answered_at: string | null;
  ended_at: string | null;
  outcome: string | null;
  ended_by: "caller" | "agent" | "system" | "restart" | null;
  is_held: boolean;
  is_rejoining: boolean;
  consult: Consult | null;
  /** The other one of an internal call. */
  colleague: { id: string; name: string } | null;
  recording_paused_at: string | null;
  /** What is being said is not being written. */
  is_recording_stalled: boolean;
  /** The number outside that has the patient. */
  transferred_to: string | null;
  waited_seconds: number | null;
  disposition: string | null;
  note: string | null;
  match_state: "none" | "single" | "several" | "confirmed";
  patient: PatientCard | null;
  candidates: Candidate[];
  /** How many more people have this number, outside the agent's scope. */
  hidden_candidates: number;
  is_outside_scope: boolean;
  verification: Verification;
  focus: MedicalFocus | null;
  /** The follow-up that this call was dialled for. */
  task_id: number | null;
  /** Since when a caller has kept the place in a queue whom this call calls back. */
  kept_since: string | null;
  /** What is open for this person, by its time. */
  tasks: OpenTask[];
}

export interface OpenTask {
  id: number;
  title: string;
  due_on: string;
  is_overdue: boolean;
}

export interface Link<State> {
  state: State;
  since: string;
  detail: string | null;
}

/** How a supervisor is in a colleague's call: heard by nobody, by the agent, by both. */
export type SupervisionMode = "listen" | "whisper" | "barge";

/** A short text from a supervisor that the agent has not read. */
export interface Notice {
  id: number;
  from: string;
  text: string;
  at: string;
}

export interface DeskSnapshot extends Stamp {
  at: string;
  agent: Agent;
  call: Call | null;
  links: { telephony: Link<LinkState>; sms: Link<GatewayState> };
  /** A supervisor is in the agent's call, and the agent is to know. */
  supervision: SupervisionMode | null;
  help: Help | null;
  notices: Notice[];
  parked: ParkedCall[];
}

/** What the agent's request for a supervisor's help has come to. */
export interface Help {
  id: string;
  asked_at: string;
  seen_at: string | null;
  seen_by: string | null;
}

/** A list within a message: the rows that are new or other than before, and the ids of those that are no longer there. */
export interface RowChange<Row> {
  set: Row[];
  gone: Row extends { id: infer Id } ? Id[] : never;
}

/** What a queue counted some minutes ago: the trend compares with it. */
export interface EarlierFigures {
  waiting: number;
  offered: number;
  answered: number;
  abandoned: number;
  service_level: number | null;
}

/** A team, or a site of the hospital. */
export interface Group {
  id: number;
  name: string;
  occupancy: number | null;
}

export interface FloorAlarm {
  kind: "waiting" | "longest_wait" | "service_level";
  queue: string;
  label: string;
  value: number;
  limit: number;
}

export interface BoardQueue {
  name: string;
  label: string;
  waiting: number;
  /** Who rang off and keeps the place. */
  callbacks: number;
  longest_wait_since: string | null;
  offered: number;
  answered: number;
  abandoned: number;
  service_level: number | null;
  service_level_seconds: number;
  service_level_target: number;
  average_answer_seconds: number | null;
  average_handle_seconds: number | null;
  abandon_rate: number | null;
  occupancy: number | null;
  earlier: EarlierFigures | null;
}

export interface Colleague {
  id: string;
  name: string;
  state: AgentState;
  reason: string | null;
  since: string;
  team: number | null;
  site: number | null;
  /** The queues that this agent serves, each with its penalty: 0 is level 1, which is rung first. */
  queues: Record<string, number>;
  languages: string[];
}

export interface BoardSnapshot extends Stamp {
  /** When telephony last proved that it is in step with Asterisk; null when it never did. */
  as_of: string | null;
  link: Link<LinkState>;
  queues: BoardQueue[];
  agents: Record<AgentState, number>;
  agent_list: Colleague[];
  occupancy: number | null;
  teams: Group[];
  sites: Group[];
  alarms: FloorAlarm[];
}

export interface Talk {
  id: string;
  agents: string[];
  direction: "inbound" | "outbound";
  queue: string | null;
  /** Masked, as everything of a patient here; empty when nobody is known. */
  name: string;
  answered_at: string | null;
  is_held: boolean;
  is_rejoining: boolean;
  /** What is being said is not being written. */
  is_recording_stalled: boolean;
}

export interface Supervision {
  id: string;
  supervisor: string;
  agent: string;
  call_id: string;
  mode: SupervisionMode;
}

export interface FloorSnapshot extends Stamp {
  waiting: { id: string; queue: string | null; since: string; name: string }[];
  calls: Talk[];
  supervisions: Supervision[];
  help: (Help & { agent: string; call_id: string })[];
  servings: { id: string; at: string; by: string; agents: string[] }[];
  texts_waiting: number;
  followups_overdue: number;
  lists: { id: number; name: string; people: number; left: number; dialled: number; answered: number }[];
}

export interface Message {
  id: number;
  direction: "in" | "out";
  number: string;
  number_display: string;
  /** The same for all texts with one number, also where the number is masked. */
  thread: string;
  patient: PatientCard | null;
  text: string;
  kind: string;
  state: string;
  parts: number;
  created_at: string;
  reply_to: number | null;
  error: string | null;
}

export interface InboxSnapshot extends Stamp {
  new: number;
  messages: Message[];
}

export interface MessageChange extends Stamp {
  message: Message;
}

/** Whom a call is led to: a colleague or a queue, a number outside, a department. */
export type Target = { to: string } | { number: string } | { department_id: number };
/** A caller whom nobody answered, in hand of this agent. */
export interface CallerInHand {
  name: string | null;
  patient_id: number;
  phone_id: number;
  number: string;
  number_display: string;
  queue_label: string | null;
  since: string;
  tries: number;
}

/** What `next_task` brings; an empty object when nothing waits. */
export type NextTask =
  | { kind: "followup" | "message"; id: number; key: string }
  | { kind: "caller"; id: number; key: string; caller: CallerInHand };

export interface CommandArguments {
  set_ready: Record<string, never>;
  set_not_ready: { reason: string };
  cancel_next: Record<string, never>;
  next_task: { left_aside: string[] };
  save_keys: { keys: Partial<Record<string, string>> };
  dial: { patient_id: number; phone_id: number; task_id?: number };
  hang_up: { call_id: string };
  transfer: { call_id: string } & Target;
  consult: { call_id: string } & Target;
  complete: { call_id: string };
  join_all: { call_id: string };
  back: { call_id: string };
  park: { call_id: string };
  pick_up: { call_id: string };
  call_colleague: { to: string };
  pause_recording: { call_id: string };
  resume_recording: { call_id: string };
  save_wrap_up: { call_id: string; disposition: string | null; note: string };
  finish_wrap_up: { call_id: string; disposition: string | null; note: string };
  pick_patient: { call_id: string; patient_id: number };
  create_patient: { call_id: string; name: string; sex: Sex; birth_date: string | null };
  reply: { message_id: number; text: string };
  handle_message: { message_id: number };
  read_notice: { notice_id: number };
  stop_supervising: Record<string, never>;
  ask_help: { call_id: string };
  withdraw_help: Record<string, never>;
  verify_caller: { call_id: string; patient_id: number; given: { kind: IdentityKind; value: string }[] };
}
export type CommandKind = keyof CommandArguments;

export type CommandAnswer =
  | { ok: true; result: Record<string, unknown> }
  | { ok: false; code: string; detail: string };

export interface Proof {
  nonce: string;
  page: string;
  registered: boolean;
  microphone: boolean;
  in_call: boolean;
}

export interface ServerEvents {
  desk: (snapshot: DeskSnapshot) => void;
  board: (snapshot: BoardSnapshot) => void;
  floor: (snapshot: FloorSnapshot) => void;
  inbox: (snapshot: InboxSnapshot) => void;
  message: (change: MessageChange) => void;
  prove: (challenge: { nonce: string }) => void;
  signed_out: () => void;
}

export interface ClientEvents {
  proof: (proof: Proof) => void;
  snapshot: (request: { stream: "desk" | "board" | "inbox" | "floor" }) => void;
  watch_board: (request: Record<string, never>) => void;
  watch_floor: (request: Record<string, never>) => void;
  command: (
    command: { id: string; kind: CommandKind; args: object },
    answer: (answer: CommandAnswer) => void,
  ) => void;
}

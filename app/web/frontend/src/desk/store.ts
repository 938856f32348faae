import { defineStore } from "pinia";
import { computed, onScopeDispose, ref, shallowRef, watch } from "vue";

import { showToast } from "@/base/toasts";
import { LiveConnection, PAGE } from "@/live/connection";
import type {
  BoardSnapshot,
  CommandArguments,
  CommandKind,
  DeskSnapshot,
  InboxSnapshot,
  Message,
  MessageChange,
  CallerInHand,
  NextTask,
  OwnReason,
} from "@/live/protocol";
import { useDevices } from "@/phone/devices";
import { usePhone } from "@/phone/phone";
import { serverNow } from "@/shared/clock";
import type { DeskConfig } from "@/shared/config";
import { SIGN_IN_WANTED } from "@/shared/signIn";
import { until } from "@/shared/until";

import { callView, type CallView } from "./callView";
import { changedKeys, keysFrom, type Keys } from "./keys";
import { MICROPHONE_TROUBLES } from "./links";

// A thread shows what passed by since the page loaded; the whole of it is on the patient's page.
const MESSAGES_KEPT = 200;
// A page that was just loaded registers within a second and is asked for its proof every 1.5 s.
const PROOF_WAIT_MS = 6000;
// The server tells of a call within some 10 ms of its INVITE; after this it is taken not to know.
const SERVER_EXPECTED_MS = 400;

// As many as the server takes.
const MOST_LEFT_ASIDE = 50;
const OWN_REASONS: ReadonlySet<string> = new Set<OwnReason>([
  "signed_in",
  "missed_call",
  "rejected_call",
  "desk_lost",
  "by_supervisor",
]);

type Say = (key: string, named?: Record<string, unknown>) => string;

/** Everything the desk shows, and the only place that sends commands. */
export const useDesk = defineStore("desk", () => {
  const phone = usePhone();
  const live = new LiveConnection();

  const config = shallowRef<DeskConfig>({} as DeskConfig);
  const snapshot = shallowRef<DeskSnapshot | null>(null);
  const board = shallowRef<BoardSnapshot | null>(null);
  const inbox = shallowRef<InboxSnapshot | null>(null);
  const messages = ref(new Map<number, Message>());
  const openedMessage = ref<number | null>(null);
  const isConnected = ref(false);
  const wasConnected = ref(false);
  const connectionSince = ref(serverNow());
  const heardAt = ref<number | null>(null);
  const isSignedOut = ref(false);
  /** The server has been told that this desk can take a call: without it Ready and a dial are refused. */
  const isProved = ref(false);
  const isGettingReady = ref(false);
  /** The follow-up beside the call: opened from the list, or the one that the present call is for. */
  const followup = ref<number | null>(null);
  const side = ref<"followup" | "caller" | "notes" | "articles">("followup");
  /** The missed caller who is to be called back, in hand of this agent. */
  const callerInHand = shallowRef<CallerInHand | null>(null);
  // What the agent looked at and did not do is passed over until everything was looked at.
  let leftAside: string[] = [];
  const keys = computed<Keys>(() => keysFrom(config.value.usual_keys ?? {}, config.value.keys ?? {}));

  const isServerExpected = ref(false);
  watch(
    () => phone.state.session?.id,
    (id) => {
      isServerExpected.value = id !== undefined;
      if (id !== undefined) setTimeout(() => (isServerExpected.value = false), SERVER_EXPECTED_MS);
    },
    // In the same moment as the INVITE: a frame later the bare number would already have been drawn.
    { flush: "sync" },
  );
  watch(
    () => phone.state.isTaken,
    (isTaken) => {
      if (isTaken) showToast("info", t("link.phoneTaken"));
    },
  );
  const call = computed<CallView>(() =>
    callView(snapshot.value, phone.state, isConnected.value, isServerExpected.value),
  );
  const message = computed(() => (openedMessage.value === null ? null : (messages.value.get(openedMessage.value) ?? null)));

  let t: Say = (key) => key;
  let digitReader: ((key: string) => boolean) | null = null;

  function start(given: DeskConfig, say: Say): void {
    config.value = given;
    followup.value = given.followup ?? null;
    t = say;
    if (given.sip !== null) {
      phone.start(given.agent.id, given.sip);
      useDevices().start((parts) => parts.forEach((part) => showToast("error", t(`devices.gone_${part}`))));
    }
    listen();
    live.socket.connect();
  }

  function listen(): void {
    live.socket.on("connect", () => setConnected(true));
    live.socket.onAny(() => (heardAt.value = serverNow()));
    live.socket.on("disconnect", () => setConnected(false));
    live.whenSignedOut(() => (isSignedOut.value = true));
    document.addEventListener(SIGN_IN_WANTED, (event) => {
      event.preventDefault();
      isSignedOut.value = true;
    });
    live.socket.on("prove", ({ nonce }) => {
      // A window that only mirrors has no phone: its silence must not be taken for the owner's.
      if (!phone.isOwner) return;
      const registered = phone.isRegistered;
      const microphone = phone.state.microphone === "granted";
      live.socket.emit("proof", { nonce, page: PAGE, registered, microphone, in_call: phone.isInCall });
      isProved.value = registered && microphone;
    });
    live.follow<DeskSnapshot>("desk", (next) => {
      const task = next.call?.task_id ?? null;
      if (task !== null && task !== snapshot.value?.call?.task_id) openFollowup(task);
      else if (next.call !== null && next.call.id !== snapshot.value?.call?.id) showNotes();
      const known = new Set(snapshot.value?.notices.map((notice) => notice.id));
      for (const notice of next.notices) {
        if (snapshot.value !== null && !known.has(notice.id)) {
          showToast("info", t("notice.came", { name: notice.from, text: notice.text }));
        }
      }
      snapshot.value = next;
    });
    live.follow<BoardSnapshot>("board", (next) => (board.value = next));
    live.follow<InboxSnapshot>("inbox", (next) => {
      inbox.value = next;
      next.messages.forEach(remember);
    });
    live.follow<MessageChange>("message", (change) => {
      const isNew = change.message.direction === "in" && !messages.value.has(change.message.id);
      remember(change.message);
      if (isNew) showToast("info", t("inbox.received", { name: senderName(change.message) }));
    });
  }

  function openFollowup(taskId: number): void {
    openedMessage.value = null;
    followup.value = taskId;
    side.value = "followup";
  }

  /** A call has come: what is typed now belongs to it, and not to what was open beside. Drafts are kept. */
  function showNotes(): void {
    if (snapshot.value === null) return;
    openedMessage.value = null;
    side.value = "notes";
  }

  /** The next thing that waits for this agent, in hand and on the desk. */
  async function nextTask(): Promise<void> {
    const found = (await ask("next_task", { left_aside: leftAside })) as Partial<NextTask> | null;
    if (found === null) return;
    if (found.key === undefined) {
      showToast("info", t(leftAside.length > 0 ? "tasks.nothingElse" : "tasks.nothing"));
      leftAside = [];
      return;
    }
    leftAside = [...leftAside, found.key].slice(-MOST_LEFT_ASIDE);
    callerInHand.value = null;
    openTask(found as NextTask);
  }

  function openTask(task: NextTask): void {
    if (task.kind === "followup") return openFollowup(task.id);
    if (task.kind === "message") {
      openedMessage.value = task.id;
      return;
    }
    openedMessage.value = null;
    callerInHand.value = task.kind === "caller" ? task.caller : null;
    side.value = "caller";
  }

  async function saveKeys(wanted: Keys): Promise<boolean> {
    const answer = await ask("save_keys", { keys: changedKeys(config.value.usual_keys, wanted) });
    if (answer !== null) config.value = { ...config.value, keys: answer["keys"] as Record<string, string> };
    return answer !== null;
  }

  /** Somebody has signed in on this page: everything goes on where it was. */
  function signedIn(csrfToken: string): void {
    config.value = { ...config.value, csrf_token: csrfToken };
    const meta = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]');
    if (meta !== null) meta.content = csrfToken;
    isSignedOut.value = false;
    live.resume();
  }

  /** What a reason is called: ours by our words, the hospital's by its list. */
  function reasonName(code: string): string {
    const listed = config.value.not_ready_reasons.find((choice) => choice.code === code)?.label;
    if (listed !== undefined) return listed;
    return OWN_REASONS.has(code) ? t(`reason.${code}`) : (config.value.reason_names[code] ?? code);
  }

  function closeFollowup(): void {
    followup.value = null;
    if (config.value.followup != null) history.replaceState(null, "", "/desk");
  }

  /** Plain number keys belong to whatever part of the page last asked for them and is still shown. */
  function onDigit(pick: (key: string) => boolean): void {
    digitReader = pick;
    onScopeDispose(() => {
      if (digitReader === pick) digitReader = null;
    });
  }

  function setConnected(now: boolean): void {
    if (isConnected.value !== now) connectionSince.value = serverNow();
    isConnected.value = now;
    heardAt.value = now ? serverNow() : null;
    isProved.value = false;
    if (now) wasConnected.value = true;
  }

  function remember(next: Message): void {
    messages.value.delete(next.id);
    messages.value.set(next.id, next);
    for (const id of messages.value.keys()) {
      if (messages.value.size <= MESSAGES_KEPT) return;
      if (id !== openedMessage.value) messages.value.delete(id);
    }
  }

  function senderName(from: Message): string {
    return from.patient?.name ?? from.number_display;
  }

  /** Send a command; true when it is done. A failure is told to the agent unless `quietly`. */
  async function run<Kind extends CommandKind>(
    kind: Kind,
    args: CommandArguments[Kind],
    { quietly = false } = {},
  ): Promise<boolean> {
    return (await ask(kind, args, { quietly })) !== null;
  }

  /** As `run`, for what the command brings back; nothing when it failed. */
  async function ask<Kind extends CommandKind>(
    kind: Kind,
    args: CommandArguments[Kind],
    { quietly = false } = {},
  ): Promise<Record<string, unknown> | null> {
    const answer = await live.send(kind, args);
    if (answer.ok) return answer.result;
    if (quietly) return null;
    const isOurs = answer.code === "not_connected" || answer.code === "no_answer";
    showToast("error", isOurs ? t(`errors.${answer.code}`) : answer.detail || t("errors.unknown"));
    return null;
  }

  async function setReady(): Promise<void> {
    // The window that has the phone proves it; this one only orders.
    if (!phone.isOwner) return void (await run("set_ready", {}));
    if (!(await hasMicrophone())) return;
    isGettingReady.value = true;
    const hasProof = !isConnected.value || (await until(() => isProved.value, PROOF_WAIT_MS));
    if (hasProof) await run("set_ready", {});
    else showToast("error", t("errors.phoneNotRegistered"));
    isGettingReady.value = false;
  }

  async function hasMicrophone(): Promise<boolean> {
    if (await phone.allowMicrophone()) return true;
    const code = MICROPHONE_TROUBLES[phone.state.microphone];
    if (code !== undefined) showToast("error", t(`link.${code}`));
    return false;
  }

  async function setNotReady(reason: string): Promise<void> {
    await run("set_not_ready", { reason });
  }

  /** End the call on the phone itself, which works without the server; without a leg here the server is asked. */
  async function hangUp(): Promise<void> {
    const id = snapshot.value?.call?.id;
    if (phone.state.session !== null) phone.tell({ kind: "hang_up_pressed" });
    else if (id !== undefined) await run("hang_up", { call_id: id });
  }

  /** Place the call this page was opened for. The address forgets it first, so that a reload never dials again. */
  async function dialOnce(): Promise<void> {
    const wish = config.value.dial;
    if (wish === null) return;
    config.value = { ...config.value, dial: null };
    history.replaceState(null, "", followup.value === null ? "/desk" : `/desk?followup=${followup.value}`);
    if (!phone.isOwner) return void (await run("dial", wish));
    if (!(await hasMicrophone())) return;
    if (await until(() => isProved.value, PROOF_WAIT_MS)) await run("dial", wish);
    else showToast("error", t("errors.phoneNotRegistered"));
  }

  return {
    config,
    snapshot,
    board,
    inbox,
    messages,
    message,
    openedMessage,
    call,
    followup,
    side,
    openFollowup,
    closeFollowup,
    callerInHand,
    nextTask,
    keys,
    saveKeys,
    signedIn,
    reasonName,
    isConnected,
    wasConnected,
    connectionSince,
    heardAt,
    isSignedOut,
    isGettingReady,
    start,
    run,
    ask,
    setReady,
    setNotReady,
    hangUp,
    dialOnce,
    senderName,
    onDigit,
    digit: (key: string) => digitReader?.(key) ?? false,
    tell: (level: "info" | "success" | "error", key: string) => showToast(level, t(key)),
  };
});

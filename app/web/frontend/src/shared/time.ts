/** Seconds from an ISO 8601 moment until now, never below 0; 0 where there is no moment. */
export function secondsSince(at: string | null, now: number): number {
  if (at === null) return 0;
  return Math.max(0, Math.floor((now - Date.parse(at)) / 1000));
}

/** Seconds from now until an ISO 8601 moment, rounded up, never below 0. */
export function secondsUntil(at: string, now: number): number {
  return Math.max(0, Math.ceil((Date.parse(at) - now) / 1000));
}

/** 65 → "1:05", 3665 → "1:01:05". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Show all moments in this zone from now on: every page of the hospital tells the same time. Nothing: the computer's own. */
export function showTimesIn(zone: string | undefined): void {
  fields = new Intl.DateTimeFormat("en-CA", { ...FIELDS, ...(zone === undefined ? {} : { timeZone: zone }) });
}

/** "2026-11-21 14:05". */
export function formatMoment(at: string): string {
  const { date, clock } = told(new Date(at));
  return `${date} ${clock.slice(0, 5)}`;
}

/** "14:05" for a moment of today, "11-20 14:05" for an earlier one. */
export function formatShortMoment(at: string, now: number): string {
  const { date, clock } = told(new Date(at));
  return date === told(new Date(now)).date ? clock.slice(0, 5) : `${date.slice(5)} ${clock.slice(0, 5)}`;
}

/** "14:05:09". */
export function formatClock(moment: Date): string {
  return told(moment).clock;
}

const FIELDS: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};
let fields = new Intl.DateTimeFormat("en-CA", FIELDS);

function told(moment: Date): { date: string; clock: string } {
  const found = Object.fromEntries(fields.formatToParts(moment).map((part) => [part.type, part.value]));
  return {
    date: `${found["year"]}-${found["month"]}-${found["day"]}`,
    clock: `${found["hour"]}:${found["minute"]}:${found["second"]}`,
  };
}

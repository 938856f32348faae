/** What one side said, in seconds from the recording's beginning. */
export interface Line {
  start: number;
  end: number;
}

/**
 * The line that is said at a place: the last one that has begun, also in the pause after it; none before the first.
 *
 * While both speak it is the one that began later, until it ends.
 */
export function lineAt(seconds: number, lines: readonly Line[]): number {
  let last = -1;
  let lasting = -1;
  lines.forEach((line, place) => {
    if (line.start > seconds) return;
    last = place;
    if (seconds < line.end) lasting = place;
  });
  return lasting >= 0 ? lasting : last;
}

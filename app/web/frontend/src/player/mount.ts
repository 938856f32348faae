import { words } from "@/i18n/words";

import { RecordingPlayer } from "./recordingPlayer";

/** Put a player into every `[data-player][data-recording]` under `root` that has none yet. */
export function mountPlayers(root: HTMLElement): void {
  const places = [...root.querySelectorAll<HTMLElement>("[data-player][data-recording]")];
  if (root.matches("[data-player][data-recording]")) places.push(root);
  for (const place of places) {
    const recording = place.dataset["recording"] ?? "";
    if (place.dataset["mounted"] !== undefined || recording === "") continue;
    place.dataset["mounted"] = "";
    new RecordingPlayer(place, recording, words(document.documentElement.lang).player);
  }
}

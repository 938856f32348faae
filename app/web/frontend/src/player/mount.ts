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
    new RecordingPlayer(place, recording, words(document.documentElement.lang).player, {
      startAt: sharedMoment(),
      page: place.dataset["page"] ?? null,
    });
  }
  mountMoments(root);
}

/** Places of a recording that the page names: a click on one goes there; a field for one follows the player. */
function mountMoments(root: HTMLElement): void {
  for (const link of root.querySelectorAll<HTMLElement>("[data-moment]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const seconds = Number(link.dataset["moment"]);
      document.querySelector("[data-player]")?.dispatchEvent(new CustomEvent("player:seek", { detail: seconds }));
    });
  }
  for (const field of root.querySelectorAll<HTMLInputElement>("input[data-moment-field]")) {
    document.addEventListener("player:time", (event) => {
      field.value = Number((event as CustomEvent<number>).detail).toFixed(1);
    });
  }
}

/** The seconds behind `#t=` in the address, when somebody shared a moment. */
function sharedMoment(): number | null {
  const found = /^#t=(\d{1,6}(?:\.\d{1,2})?)$/.exec(location.hash);
  return found?.[1] === undefined ? null : Number(found[1]);
}

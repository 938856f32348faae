// The recording player: mounts on each element with data-player and data-recording, also on those that htmx swaps in.

import "./player/player.css";

import { mountPlayers } from "./player/mount";
import { mountTranscripts } from "./player/transcript";

mountPlayers(document.body);
document.addEventListener("htmx:load", (event) => {
  if (!(event.target instanceof HTMLElement)) return;
  mountPlayers(event.target);
  mountTranscripts(event.target);
});

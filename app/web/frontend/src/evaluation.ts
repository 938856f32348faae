// Evaluations: the form beside the player by keys, kept as it is typed, and places of the recording to jump to.

import { startForm } from "./evaluation/form";
import { startPlaces } from "./evaluation/places";

startPlaces();
startForm();

// The supervisors' live page: mounts on #floor and reads the data block #floor-config.

import { createApp } from "vue";

import FloorPage from "./floor/FloorPage.vue";
import type { FloorConfig } from "./floor/floor";
import { createWords } from "./i18n";
import { learnServerTime } from "./shared/clock";
import { readConfig } from "./shared/config";
import { showTimesIn } from "./shared/time";

// The page stays open for a shift, and a computer's clock drifts.
const LEARN_TIME_EVERY_MS = 600_000;

const config = readConfig<FloorConfig>("floor-config");
showTimesIn(config.timezone);
createApp(FloorPage, { config }).use(createWords(config.locale)).mount("#floor");
void learnServerTime();
setInterval(() => void learnServerTime(), LEARN_TIME_EVERY_MS);

// The wallboard: mounts on #wallboard and reads the data block #wallboard-config.

import { createApp } from "vue";

import { createWords } from "./i18n";
import { learnServerTime } from "./shared/clock";
import { readConfig, type WallboardConfig } from "./shared/config";
import { showTimesIn } from "./shared/time";
import WallboardPage from "./wallboard/WallboardPage.vue";

// A wallboard runs for weeks without a reload, and a computer's clock drifts.
const LEARN_TIME_EVERY_MS = 600_000;

const config = readConfig<WallboardConfig>("wallboard-config");
showTimesIn(config.timezone);
createApp(WallboardPage).use(createWords(config.locale)).mount("#wallboard");
void learnServerTime();
setInterval(() => void learnServerTime(), LEARN_TIME_EVERY_MS);

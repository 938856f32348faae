// The agent desk: mounts on #desk and reads the data block #desk-config.

import { createPinia } from "pinia";
import { createApp } from "vue";

import DeskPage from "./desk/DeskPage.vue";
import { useDesk } from "./desk/store";
import { createWords } from "./i18n";
import { learnServerTime } from "./shared/clock";
import { readConfig, type DeskConfig } from "./shared/config";
import { dropOldDrafts } from "./shared/drafts";
import { showTimesIn } from "./shared/time";

const config = readConfig<DeskConfig>("desk-config");
showTimesIn(config.timezone);
const words = createWords(config.locale);
const app = createApp(DeskPage);
app.use(createPinia());
app.use(words);
// The phone registers before anything is drawn: a call that waits for this page to come back is rejoined sooner.
useDesk().start(config, (key, named) => words.global.t(key, named ?? {}));
app.mount("#desk");
void learnServerTime();
dropOldDrafts();

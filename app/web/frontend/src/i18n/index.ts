import { createI18n } from "vue-i18n";

import { pageLocale, words } from "./words";

/** The sentences of one language for a Vue page. Only this one is compiled in the browser. */
export function createWords(locale: string) {
  const chosen = pageLocale(locale);
  return createI18n({
    legacy: false,
    locale: chosen,
    messages: { [chosen]: words(chosen) },
    missingWarn: false,
    fallbackWarn: false,
  });
}

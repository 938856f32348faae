import { en } from "./en";
import { zhHans, type Words } from "./zh-Hans";
import { zhHant } from "./zh-Hant";

export type Locale = "zh-Hans" | "zh-Hant" | "en";
const WORDS: Record<Locale, Words> = { "zh-Hans": zhHans, "zh-Hant": zhHant, en };

/** The language of a page: `zh_Hans` and `zh-Hans` are the same; what we do not speak becomes 简体. */
export function pageLocale(locale: string): Locale {
  const tag = locale.replace("_", "-");
  return tag === "en" || tag === "zh-Hant" ? tag : "zh-Hans";
}

/** The sentences of one language, without Vue: for pages that need only a few. */
export function words(locale: string): Words {
  return WORDS[pageLocale(locale)];
}

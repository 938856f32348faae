import { readdirSync, readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { pageLocale, words, type Locale } from "./words";

const LOCALES: Locale[] = ["zh-Hans", "zh-Hant", "en"];
const SOURCES = new URL("..", import.meta.url);

function keysUsed(): string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf-8" }).filter((name) => /(\.vue|[^t]\.ts)$/.test(name));
  const texts = files.map((name) => readFileSync(new URL(name, SOURCES), "utf-8"));
  return texts.flatMap((text) => [...text.matchAll(/\bt\(\s*"([a-zA-Z]+\.[a-zA-Z_]+)"/g)].map((match) => match[1] ?? ""));
}

function placeholders(tree: object, path = ""): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string"
      ? [...value.matchAll(/\{[a-z]+\}/gi)].map((match) => `${path}${key} ${match[0]}`)
      : placeholders(value as object, `${path}${key}.`),
  );
}

function sentence(locale: Locale, key: string): unknown {
  const [group = "", name = ""] = key.split(".");
  return (words(locale) as unknown as Record<string, Record<string, string>>)[group]?.[name];
}

test("every sentence that a page asks for exists", () => {
  const missing = keysUsed().filter((key) => typeof sentence("zh-Hans", key) !== "string");
  expect(keysUsed().length).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});

test.each(LOCALES)("a sentence in %s has the same blanks as in 简体", (locale) => {
  expect(placeholders(words(locale)).sort()).toEqual(placeholders(words("zh-Hans")).sort());
});

test("a language that we do not speak becomes 简体", () => {
  expect(["zh_Hans", "zh-Hant", "en", "fr"].map(pageLocale)).toEqual(["zh-Hans", "zh-Hant", "en", "zh-Hans"]);
});

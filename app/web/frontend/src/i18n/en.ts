import { call } from "./en/call";
import { desk } from "./en/desk";
import { floor } from "./en/floor";
import { recording } from "./en/recording";
import type { Words } from "./zh-Hans";

export const en: Words = { ...desk, ...call, ...floor, ...recording };

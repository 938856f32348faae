import { call } from "./zh-Hant/call";
import { desk } from "./zh-Hant/desk";
import { floor } from "./zh-Hant/floor";
import { recording } from "./zh-Hant/recording";
import type { Words } from "./zh-Hans";

export const zhHant: Words = { ...desk, ...call, ...floor, ...recording };

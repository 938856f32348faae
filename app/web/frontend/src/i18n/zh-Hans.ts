import { call } from "./zh-Hans/call";
import { desk } from "./zh-Hans/desk";
import { floor } from "./zh-Hans/floor";
import { recording } from "./zh-Hans/recording";

export const zhHans = { ...desk, ...call, ...floor, ...recording };

type Worded<Tree> = { [Key in keyof Tree]: Tree[Key] extends string ? string : Worded<Tree[Key]> };

/** Every language says everything that 简体 says. */
export type Words = Worded<typeof zhHans>;

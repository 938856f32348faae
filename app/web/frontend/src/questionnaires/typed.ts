/** What one cell of a paper form means: nothing yet, an answer, or something that is none. */
export type Typed = { state: "empty" } | { state: "answer"; options: string[]; isWhole: boolean } | { state: "wrong" };

/** `keys` gives the option for what is typed. With one choice a digit that can begin no longer key is a whole answer. */
export function readTyped(kind: string, text: string, keys: ReadonlyMap<string, string>): Typed {
  const typed = text.normalize("NFKC").trim();
  if (typed === "" || typed === "-") return { state: "empty" };
  if (kind === "multiple") {
    const options = [...new Set([...typed].filter((char) => char !== " " && char !== ","))].map((digit) => keys.get(digit));
    return options.includes(undefined) ? { state: "wrong" } : { state: "answer", options: options as string[], isWhole: false };
  }
  const option = keys.get(typed);
  const goesOn = [...keys.keys()].some((key) => key.length > typed.length && key.startsWith(typed));
  if (option === undefined) return goesOn ? { state: "answer", options: [], isWhole: false } : { state: "wrong" };
  return { state: "answer", options: [option], isWhole: !goesOn };
}

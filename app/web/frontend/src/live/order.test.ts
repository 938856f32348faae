import { describe, expect, test } from "vitest";

import { judge } from "./order";

describe("messages of one stream", () => {
  test("the first message of a connection is taken whatever its number", () => {
    expect(judge(null, { n: 7, seq: 100 })).toBe("take");
  });

  test("messages that follow each other are taken", () => {
    expect(judge({ n: 1, seq: 100 }, { n: 2, seq: 100 })).toBe("take");
    expect(judge({ n: 2, seq: 100 }, { n: 3, seq: 108 })).toBe("take");
    expect(judge({ n: 3, seq: 108 }, { n: 3, seq: 108 })).toBe("take");
  });

  test("a hole in the numbers makes the page fetch the stream anew", () => {
    expect(judge({ n: 2, seq: 100 }, { n: 4, seq: 120 })).toBe("take_and_refetch");
  });

  test("an older snapshot is never shown over a newer one", () => {
    expect(judge({ n: 2, seq: 100 }, { n: 3, seq: 99 })).toBe("ignore");
    expect(judge({ n: 2, seq: 100 }, { n: 5, seq: 99 })).toBe("ignore");
  });
});

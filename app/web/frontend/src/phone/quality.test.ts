import { describe, expect, test } from "vitest";

import { qualityOf, rate, steady, type LineFigures, type Quality } from "./quality";

const STILL: LineFigures = { received: 0, lost: 0, lostThere: 0, jitter: 2, roundTrip: 20, level: 0.1, isRelayed: false };

function quality(changes: Partial<LineFigures>, before: Partial<LineFigures> = {}): Quality {
  return qualityOf({ ...STILL, received: 100, ...changes }, { ...STILL, ...before });
}

describe("the quality of the line", () => {
  test("a line in the house is good", () => {
    expect(quality({}).level).toBe("good");
    expect(rate({ loss: 0, jitter: 0, roundTrip: 0 })).toBeCloseTo(93.2 - 0.48);
  });

  test.each([
    [{ lost: 3 }, "good"],
    [{ lost: 6 }, "fair"],
    [{ lost: 20 }, "bad"],
    [{ roundTrip: 300 }, "good"],
    [{ roundTrip: 450 }, "fair"],
    [{ roundTrip: 700 }, "bad"],
    [{ jitter: 120 }, "fair"],
    [{ lostThere: 0.2 }, "bad"],
  ] as const)("%o is %s", (changes, level) => {
    expect(quality(changes).level).toBe(level);
  });

  test("only what was lost since the look before counts", () => {
    expect(quality({ received: 2000, lost: 300 }, { received: 1000, lost: 300 }).loss).toBe(0);
  });

  test("a call in which nothing came yet is not lost, and counters that begin anew are not negative", () => {
    expect(quality({ received: 0 }).loss).toBe(0);
    expect(quality({ received: 10, lost: 0 }, { received: 500, lost: 9 }).loss).toBe(0);
  });

  test("more loss, jitter or delay never rates better", () => {
    for (const name of ["loss", "jitter", "roundTrip"] as const) {
      let before = 100;
      for (let value = 0; value <= 1000; value += 7) {
        const rating = rate({ loss: 0, jitter: 0, roundTrip: 0, [name]: value });
        expect(rating).toBeLessThanOrEqual(before);
        before = rating;
      }
    }
  });
});

describe("what is shown of it", () => {
  const looks = (...levels: Quality["level"][]) => levels.map((level) => ({ ...quality({}), level }));

  test("one bad look between good ones is not told", () => {
    expect(steady(looks("good", "bad"))).toBe("good");
    expect(steady(looks("good", "bad", "good"))).toBe("good");
  });

  test("two bad looks are", () => {
    expect(steady(looks("good", "bad", "bad"))).toBe("bad");
    expect(steady(looks("good", "bad", "fair"))).toBe("fair");
  });

  test("nothing is said before the first look", () => {
    expect(steady([])).toBeNull();
  });
});

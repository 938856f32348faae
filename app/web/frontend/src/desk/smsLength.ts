// The basic character set of 3GPP TS 23.038, section 6.2.1, and its extension table, whose characters take two septets.
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENDED = new Set("^{}\\[~]|€\f");

/** Longest text that the gateway accepts, signature included. */
export const LONGEST = 500;

export interface SMSLength {
  characters: number;
  parts: number;
}

/** How long a text is and how many parts it costs: 160/153 septets, or 70/67 UTF-16 units where one sign needs them. */
export function measure(text: string): SMSLength {
  const signs = [...text];
  if (signs.every((sign) => BASIC.has(sign) || EXTENDED.has(sign))) {
    return { characters: signs.length, parts: parts(signs.map((sign) => (EXTENDED.has(sign) ? 2 : 1)), 160, 153) };
  }
  return { characters: signs.length, parts: parts(signs.map((sign) => sign.length), 70, 67) };
}

/** A pair (surrogate or escape) is never cut: a part that has no room for both halves ends before it. */
function parts(widths: number[], alone: number, each: number): number {
  const total = widths.reduce((sum, width) => sum + width, 0);
  if (total === 0) return 0;
  if (total <= alone) return 1;
  let count = 1;
  let used = 0;
  for (const width of widths) {
    if (used + width > each) {
      count += 1;
      used = 0;
    }
    used += width;
  }
  return count;
}

/** "138****8000", as the server masks a number. */
export function maskNumber(number: string): string {
  const digits = number.replace(/[^0-9]/g, "");
  const national = number.trim().startsWith("+86") ? digits.slice(2) : digits;
  if (national.length <= 4) return "*".repeat(national.length);
  const head = national.length >= 10 ? 3 : Math.max(0, national.length - 8);
  return national.slice(0, head) + "*".repeat(national.length - head - 4) + national.slice(-4);
}

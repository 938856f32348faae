/** A page that must not be left, because a call lives in it, prevents this event and asks by itself. */
export const SIGN_IN_WANTED = "wardline:sign-in-wanted";

export type SignInOutcome =
  | { kind: "done"; csrfToken: string }
  | { kind: "code_wanted" } // the password was right; the authenticator's code is asked for
  | { kind: "refused"; sentence: string | null }
  | { kind: "unreachable" };

/** Sign in through the same pages as everybody, without leaving this one. */
export async function signIn(username: string, password: string): Promise<SignInOutcome> {
  return submit("/login", { username, password });
}

/** The second step, where the account has one. */
export async function giveCode(code: string): Promise<SignInOutcome> {
  return submit("/login/code", { code });
}

async function submit(path: string, fields: Record<string, string>): Promise<SignInOutcome> {
  try {
    // A token belongs to the session that asks: the one of this page has ended with it.
    const token = tokenOf(await page(await fetch(path, { cache: "no-store" })));
    const body = new URLSearchParams({ ...fields, csrf_token: token, next: "/account" });
    const answer = await fetch(path, { method: "POST", body });
    const shown = await page(answer);
    const where = new URL(answer.url).pathname;
    if (answer.ok && !where.startsWith("/login")) return { kind: "done", csrfToken: tokenOf(shown) };
    if (answer.ok && where === "/login/code") return { kind: "code_wanted" };
    return { kind: "refused", sentence: shown.querySelector("main [role=alert]")?.textContent?.trim() || null };
  } catch {
    return { kind: "unreachable" };
  }
}

async function page(answer: Response): Promise<Document> {
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function tokenOf(shown: Document): string {
  return shown.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

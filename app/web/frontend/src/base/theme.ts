type Theme = "light" | "dark";

const COOKIE = "wardline_theme";
const YEAR_SECONDS = 31_536_000;
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

/**
 * Follow the system's theme until the user presses an element with `data-theme-toggle`; the choice is kept in the cookie
 * `wardline_theme` (light or dark), which the server may write into `<html data-bs-theme>` to spare the first flash.
 */
export function startTheme(): void {
  show(current());
  prefersDark.addEventListener("change", () => show(current()));
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.target.closest("[data-theme-toggle]") === null) return;
    const theme: Theme = current() === "dark" ? "light" : "dark";
    document.cookie = `${COOKIE}=${theme}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
    show(theme);
  });
}

function current(): Theme {
  const chosen = document.cookie.match(/(?:^|; )wardline_theme=(light|dark)/)?.[1];
  if (chosen === "light" || chosen === "dark") return chosen;
  return prefersDark.matches ? "dark" : "light";
}

function show(theme: Theme): void {
  document.documentElement.dataset["bsTheme"] = theme;
}

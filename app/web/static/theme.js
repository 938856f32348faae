// Before anything is drawn: a page for somebody whose system is dark must not flash white. base/theme.ts does the rest.
document.documentElement.dataset.bsTheme ??= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";

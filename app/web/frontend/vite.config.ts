import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

// The letters of printed envelopes. No page loads them; the server cuts what it needs out of these pieces.
const envelopeFonts = {
  name: "envelope-fonts",
  closeBundle() {
    for (const script of ["sc", "tc"]) {
      cpSync(path(`./node_modules/@fontsource-variable/noto-sans-${script}/files`), path(`../static/dist/fonts/${script}`), {
        recursive: true,
      });
    }
  },
};

export default defineConfig({
  plugins: [vue(), envelopeFonts],
  base: "/static/dist/",
  resolve: { alias: { "@": path("./src") } },
  define: {
    // Our Content-Security-Policy has no unsafe-eval: messages are compiled to a tree and interpreted.
    __INTLIFY_JIT_COMPILATION__: true,
    __INTLIFY_DROP_MESSAGE_COMPILER__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: path("../static/dist"),
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // Inlined files would be data: addresses, which the policy forbids for fonts and scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        base: path("./src/base.ts"),
        desk: path("./src/desk.ts"),
        wallboard: path("./src/wallboard.ts"),
        floor: path("./src/floor.ts"),
        player: path("./src/player.ts"),
        questionnaires: path("./src/questionnaires.ts"),
        evaluation: path("./src/evaluation.ts"),
      },
    },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});

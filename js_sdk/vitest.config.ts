import { defineConfig } from "vitest/config";

export default defineConfig({
  // The vectors and the built script lie beside this package.
  server: { fs: { allow: [".."] } },
  test: { include: ["test/**/*.test.ts"], testTimeout: 5000, hookTimeout: 5000 },
});

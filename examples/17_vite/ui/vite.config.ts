import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [vue()],
  // What is built finds its files beside itself, wherever that is.
  base: "./",
  // This machine alone; and no other port in silence, as Python would look at the wrong one.
  server: { host: "localhost", port: 5173, strictPort: true },
});

import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["**/*.vitest.ts"],
    globalSetup: ["./server.ts"],
    setupFiles: ["./setup.ts"],
  },
})

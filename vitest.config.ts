import { availableParallelism } from "node:os"

import { defineConfig } from "vitest/config"

/** An Err of a test of ours that nobody has looked at fails it. */
const watched = { setupFiles: ["test/support/refuse-dropped.ts"] }
const onAServer = { globalSetup: ["test/support/postgres-server.ts"], testTimeout: 30_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    // Vitest would leave one processor free; most of these tests wait for a server.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 20_000, ...watched } },
      { test: { name: "simulation", include: ["test/simulation/**/*.test.ts"] } },
      { test: { name: "architecture", include: ["test/architecture/**/*.test.ts"] } },
      {
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["test/types/**/*.test-d.ts"],
            tsconfig: "test/tsconfig.json",
          },
        },
      },
      { test: { name: "compilers", include: ["test/types/**/*.test.ts"] } },
      { test: { name: "integration", include: ["test/integration/**/*.test.ts"], ...onAServer, ...watched } },
      { test: { name: "fault", include: ["test/fault/**/*.test.ts"], ...onAServer, ...watched } },
      { test: { name: "docs", include: ["test/docs/**/*.test.ts"], ...onAServer } },
    ],
  },
})

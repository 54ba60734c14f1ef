import { startPostgres } from "@kysely-resilient/testing"

import { measureQueued, QUERIES } from "./queued.ts"

const server = await startPostgres()
try {
  const rounds = 5
  process.stdout.write(
    `${QUERIES} queries at once, pool of 10, ${rounds} interleaved rounds; medians, ratio to plain pg\n`,
  )
  for (const { name, totalMs, stallMs, ratio } of await measureQueued(server.url, rounds)) {
    process.stdout.write(
      `${name.padEnd(24)} ${totalMs.toFixed(0).padStart(6)} ms  ×${ratio.toFixed(2)}  longest stall ${stallMs.toFixed(0)} ms\n`,
    )
  }
} finally {
  await server.stop()
}

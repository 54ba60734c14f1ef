import { startPostgres } from "@kysely-resilient/testing"

import { measureProvedWrites } from "./proved-writes.ts"
import { measureQueued, QUERIES } from "./queued.ts"

const server = await startPostgres()
try {
  const rounds = 5
  process.stdout.write(
    `${QUERIES} queries at once, pool of 10, ${rounds} interleaved rounds; medians, ratio to plain pg\n`,
  )
  for (const { name, totalMs, stallMs, ratio, cpuMicrosPerQuery, cpuRatio } of await measureQueued(
    server.url,
    rounds,
  )) {
    process.stdout.write(
      `${name.padEnd(24)} ${totalMs.toFixed(0).padStart(6)} ms  ×${ratio.toFixed(2)}  ` +
        `CPU ${cpuMicrosPerQuery.toFixed(1)} µs a query  ×${cpuRatio.toFixed(2)}  longest stall ${stallMs.toFixed(0)} ms\n`,
    )
  }
  process.stdout.write("\nWrites by ten callers, time as a ratio to resolution: off\n")
  for (const { work, choice, perSecond, ratio } of await measureProvedWrites(server.url, 8 * rounds)) {
    process.stdout.write(
      `${work.padEnd(24)} ${choice.padEnd(34)} ${perSecond.toFixed(0).padStart(6)}/s  ×${ratio.toFixed(2)}\n`,
    )
  }
} finally {
  await server.stop()
}

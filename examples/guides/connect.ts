import { createDatabase, describe } from "@kysely-resilient/core"

import type { Library } from "./library.ts"

// Reads DATABASE_URL, else PG*. It does not connect: the first operation does.
const db = createDatabase<Library>({
  pool: { min: 1, max: 10 },
  timeouts: { queryMs: 10_000 },
})

// To fail fast when the program starts: opens pool.min connections, and says why it cannot.
const ready = await db.ready({ timeoutMs: 5_000 })
if (ready.isOk()) console.log("connected to PostgreSQL", ready.value.serverVersion)
else {
  console.error(describe(ready.error)) // what happened, what to do, and where to read more
  process.exitCode = 1
}

// How it is doing, from memory: no query is sent.
const { pool } = db.snapshot()
console.log(db.health().status, `${pool.idle} connections idle, ${pool.leased} in use, ${pool.waiting} waiting`)

// At the end: running work may take a second more. `await using db = …` closes too.
async function end(): Promise<void> {
  await db.close({ drainMs: 1_000 })
}
process.once("SIGTERM", () => void end()) // of a server close the door first, see below
await end()

import { createDatabase } from "@kysely-resilient/core"

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
  console.error(ready.error.message) // what is wrong, and what to do
  process.exitCode = 1
}

// At the end: running work may take a second more. `await using db = …` closes too.
await db.close({ drainMs: 1_000 })

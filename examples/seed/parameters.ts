import { createDatabase } from "@kysely-resilient/core"

// All of these are the defaults: createDatabase() is the same.
const db = createDatabase<object>({
  retry: {
    attemptsMax: 3, // max_retries
    slow: { baseMs: 500, maxMs: 5_000 }, // retry_delay, max_retry_delay
  },
  pool: { min: 2, max: 20 }, // pool_min_conn, pool_max_conn
})

console.log(db.report().pool.min, "to", db.report().pool.max, "connections")
await db.close()

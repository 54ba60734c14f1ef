import { createDatabase, resilient } from "@kysely-resilient/core"

const db = createDatabase<object>({
  orphanedTransaction: "commit", // what raw SQL leaves open is committed, if no statement of it failed
})

// Done again though nobody knows whether it was done: you vouch that twice does no harm.
const signal = "INSERT INTO live_signals (symbol) VALUES ($1) ON CONFLICT DO NOTHING"
const noted = await db.query(signal, ["SPY"], { idempotent: true })

// Pool exhausted: waits for acquireTimeoutMs, and then again, three times in all.
const counted = await resilient(() => db.query<{ n: number }>("SELECT count(*)::int AS n FROM live_signals"))()

if (noted.isOk() && counted.isOk()) console.log(counted.value.rows[0]?.n, "signals")
await db.close()

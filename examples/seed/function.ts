import { getDatabase, resilient } from "@kysely-resilient/core"

interface DB {
  live_signals: { symbol: string; timestamp: Date }
}

const db = getDatabase<DB>()

const mySignals = resilient(async () => {
  const query = db.selectFrom("live_signals").selectAll().orderBy("timestamp")
  return db.all(query)
})

const signals = await mySignals()
console.log(signals.isOk() ? signals.value.map(({ symbol }) => symbol) : signals.error.message)
await db.close()

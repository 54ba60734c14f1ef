import { getDatabase, resilient } from "@kysely-resilient/core"

interface DB {
  live_signals: { symbol: string; timestamp: Date }
}

const db = getDatabase<DB>()

class Desk {
  @resilient
  async mySignals() {
    const query = db.selectFrom("live_signals").selectAll().orderBy("timestamp")
    return db.all(query)
  }
}

const signals = await new Desk().mySignals()
console.log(signals.isOk() ? signals.value.map(({ symbol }) => symbol) : signals.error.message)
await db.close()

import { counted, many, ofSort, seconds, timed, type Memory, type MemoryRule } from "../memory.ts"
import { both, type Seen } from "../tally.ts"

export const poolExhausted: MemoryRule = {
  code: "POOL_EXHAUSTED",
  when: "in the last 60 s somebody was refused because no connection became free (`pool_timeout`, `pool_full`, `pool_deadlock`, or a deadline that passed in line); a warning while as many wait as there are connections",
  why: "There is more to do than `pool.max` connections can do: slow statements, transactions that rest, or just too few. The evidence tells which.",
  find(memory) {
    const { pool, metrics } = memory.snapshot
    // In an outage nobody gets one, and that is told as such.
    if (pool.outageMs !== undefined) return undefined
    const refusals = refusalsIn(memory)
    const standing = pool.leased >= pool.max && pool.waiting >= pool.max
    if (refusals.count === 0 && !standing) return undefined
    return {
      severity: refusals.count > 0 ? "critical" : "warning",
      message:
        refusals.count > 0
          ? `${many(refusals.count, "caller")} got no connection in the last minute; ${pool.leased} of ${pool.max} are in use and ${many(pool.waiting, "waits", "wait")}`
          : pool.max === 1
            ? `The only connection is in use, and ${many(pool.waiting, "caller waits", "callers wait")} for it`
            : `All ${pool.max} connections are in use, and ${many(pool.waiting, "caller waits", "callers wait")} for one`,
      was:
        refusals.count > 0
          ? `${many(refusals.count, "caller")} got no connection within a minute`
          : `All ${many(pool.max, "connection")} were in use, and ${many(pool.waiting, "caller")} waited`,
      action: actionOf(memory),
      evidence: {
        refused: counted(refusals),
        pool: { max: pool.max, used: pool.leased, idle: pool.idle, waiting: pool.waiting },
        p95_s: seconds(metrics.window.durationMs.p95),
        slow: timed(memory.seen("slow")),
        held_too_long: counted(memory.seen("held")),
        used_inside: counted(memory.seen("used-inside")),
      },
    }
  },
}

/** Whose deadline passes in line while connections are still being opened has met a slow opening, and no full pool. */
function refusalsIn({ seen, snapshot }: Memory): Seen {
  const { idle, leased, max } = snapshot.pool
  return idle + leased < max ? seen("pool-refusal") : both(seen("pool-refusal"), seen("late-in-line"))
}

/** Slower than this, most of a connection's time goes into statements. */
const SLOW_P95_MS = 500

function actionOf({ seen, snapshot }: Memory): string {
  if (ofSort(seen("pool-refusal"), "pool_deadlock") > 0 || seen("used-inside").count > 0) {
    return "Use tx, not db, inside of a transaction: a callback that waits for a second connection holds its first one"
  }
  if (ofSort(seen("held"), "resting") > 0) {
    return "Transactions rest while their callbacks wait for something else: move that out of the transaction"
  }
  if (seen("slow").count > 0 || snapshot.metrics.window.durationMs.p95 >= SLOW_P95_MS) {
    return "Statements are slow and keep their connections: make the slowest faster; more connections would make the server slower"
  }
  return "Statements are fast, there are too many at once: raise pool.max as far as max_connections allows, or bound the work at the door"
}

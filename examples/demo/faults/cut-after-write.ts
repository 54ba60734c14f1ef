import { cut } from "@kysely-resilient/testing"

import { missed, type Fault } from "./fault.ts"

/** Notes are taken all the time, so the next one is not far. */
const NEXT_NOTE_MS = 2_000

/**
 * A single INSERT is its own transaction: the server has committed it, and the network loses the answer. Whoever sends it again writes
 * it twice.
 */
export const cutAfterWrite: Fault = {
  name: "cut-after-write",
  title: "Cut after an INSERT",
  async inject({ proxy, now, sleep }) {
    // Status I: no transaction is open any more, so it is none of the INSERTs inside of one.
    const answer = proxy.rule({
      when: { from: "server", message: "ReadyForQuery", sql: /^insert into "ledger"/, status: "I" },
      do: cut(),
    })
    const liftedAt = await Promise.race([answer.hit.then(now), sleep(NEXT_NOTE_MS)])
    answer.remove()
    if (liftedAt === undefined) return missed
    return {
      hit: true,
      liftedAt,
      recoveredBy: ({ kind, startedAt }) => kind === "journal" && startedAt >= liftedAt,
    }
  },
}

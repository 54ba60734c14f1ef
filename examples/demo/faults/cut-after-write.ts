import { afterServerHasCommit, cut } from "@kysely-resilient/testing"

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
    // A write of its own brings its BEGIN along, as a statement of the extended protocol: no transaction of the application's does.
    const note = proxy.rule({ when: { from: "client", message: "Parse", sql: /^begin$/ }, do: [] })
    const begun = await Promise.race([note.hit, sleep(NEXT_NOTE_MS)])
    note.remove()
    if (begun === undefined) return missed
    const answer = proxy.rule({ when: afterServerHasCommit, do: cut(), connection: begun.connection })
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

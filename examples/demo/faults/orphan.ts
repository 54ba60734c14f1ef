import { err } from "neverthrow"

import { missed, type Fault } from "./fault.ts"
import { FAULT_WORKER } from "./worker.ts"

const NEWS_MS = 1_000

/** Somebody sends BEGIN by hand, writes, and forgets the rest. The next one on that connection must not end up inside of it. */
export const orphan: Fault = {
  name: "orphan",
  title: "Orphaned transaction",
  async inject({ store, desk, watch, now }) {
    const ended = watch.next((event) => event.name === "transaction.orphaned", NEWS_MS)
    const left = await desk.doomedWrite("chore", FAULT_WORKER, (entry, options) =>
      store.withConnection(async (session) => {
        const begun = await session.query("begin", [], options)
        if (begun.isErr()) return err(begun.error)
        return session.exec(session.insertInto("ledger").values(entry), options)
      }),
    )
    const liftedAt = now()
    if (left.isErr() || (await ended) === undefined) return missed
    return { hit: true, liftedAt, recoveredBy: ({ startedAt }) => startedAt >= liftedAt }
  },
}

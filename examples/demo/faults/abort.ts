import { err, ok } from "neverthrow"

import { missed, type Fault } from "./fault.ts"
import { FAULT_WORKER } from "./worker.ts"

const NEWS_MS = 1_000

/**
 * A statement fails and somebody swallows its error. In a transaction of ours, success must not be reported then; in one that raw SQL
 * began, the connection comes back with a transaction that is beyond saving.
 */
export const abort: Fault = {
  name: "abort",
  title: "Aborted transaction",
  async inject({ store, desk, watch, now }) {
    const reported = await desk.write("chore", FAULT_WORKER, (entry, options) =>
      store.transaction(async (tx) => {
        const written = await tx.exec(tx.insertInto("ledger").values(entry))
        if (written.isErr()) return err(written.error)
        await tx.query("select 1 / 0").orElse(() => ok(undefined))
        return ok(undefined)
      }, options),
    )

    const repaired = watch.next((event) => event.name === "connection.repaired" && event.found === "E", NEWS_MS)
    await desk.doomedWrite("chore", FAULT_WORKER, (entry, options) =>
      store.withConnection(async (session) => {
        const begun = await session.query("begin", [], options)
        if (begun.isErr()) return err(begun.error)
        const written = await session.exec(session.insertInto("ledger").values(entry), options)
        if (written.isErr()) return err(written.error)
        await session.query("select 1 / 0").orElse(() => ok(undefined))
        return ok(undefined)
      }),
    )
    const liftedAt = now()
    if (reported.isOk() || (await repaired) === undefined) return missed
    return { hit: true, liftedAt, recoveredBy: ({ startedAt }) => startedAt >= liftedAt }
  },
}

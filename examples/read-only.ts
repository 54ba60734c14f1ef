import { createDatabase, type ReadonlySession } from "@kysely-resilient/core"

interface DB {
  accounts: { owner: string; balance: number }
}

const db = createDatabase<DB>()

/** Takes any session, and its type says that it only reads. */
const total = (session: ReadonlySession<DB>) =>
  session.one(session.selectFrom("accounts").select((eb) => eb.fn.sum<string>("balance").as("total")))

const reports = db.readonly()
const sum = await total(reports)
if (sum.isOk()) console.log("All have", sum.value.total)

// There is no reports.deleteFrom. What raw SQL does, the server judges.
const gone = await reports.query("delete from accounts")
if (gone.isErr()) console.log(gone.error.kind)

const same = await db.transaction(async (tx) => {
  const emptied = await tx.exec(tx.updateTable("accounts").set({ balance: 0 }))
  return emptied.isErr() ? emptied : total(tx)
})
if (same.isOk()) console.log("And now", same.value.total)

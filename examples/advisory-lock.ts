import { createDatabase } from "@kysely-resilient/core"

interface DB {
  accounts: { owner: string; balance: number }
}

const db = createDatabase<DB>()

/** Reads, thinks, writes: two at once would each pay out what is there only once. */
const payOut = (owner: string) =>
  db.withAdvisoryLock(
    `pay out ${owner}`,
    async (tx) => {
      const found = await tx.one(tx.selectFrom("accounts").select("balance").where("owner", "=", owner))
      if (found.isErr() || found.value.balance === 0) return found
      const emptied = await tx.exec(tx.updateTable("accounts").set({ balance: 0 }).where("owner", "=", owner))
      return emptied.map(() => found.value)
    },
    { lockTimeoutMs: 5_000 },
  )

const both = await Promise.all([payOut("ann"), payOut("ann")])
const paid = both.map((each) => each.map(({ balance }) => balance).unwrapOr(0))
console.log("Paid out:", Math.max(...paid), "and", Math.min(...paid))

// For a job that one process does, and the others need not do as well.
const nightly = await db.withAdvisoryLock(
  "nightly",
  (tx) => tx.exec(tx.deleteFrom("accounts").where("balance", "=", 0)),
  {
    wait: false,
  },
)
if (nightly.isOk())
  console.log(nightly.value.locked ? `Cleaned up ${nightly.value.value.affected}` : "Somebody else does it")

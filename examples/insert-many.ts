import { createDatabase } from "@kysely-resilient/core"

interface DB {
  accounts: { owner: string; balance: number }
}

const db = createDatabase<DB>()

function* newcomers(count: number) {
  for (let n = 1; n <= count; n += 1) yield { owner: `newcomer ${n}`, balance: 1 }
}

// More than one statement could hold. They are never all in memory, and all of them are inserted, or none.
const added = await db.insertMany("accounts", newcomers(100_000))
if (added.isOk()) console.log(`Added ${added.value.affected}`)

const twins = await db.insertMany("accounts", [
  { owner: "cat", balance: 5 },
  { owner: "ann", balance: 5 },
])
if (twins.isErr() && twins.error.kind === "unique_violation") console.log("There is one already")

const merged = await db.insertMany(
  "accounts",
  [
    { owner: "cat", balance: 5 },
    { owner: "ann", balance: 5 },
  ],
  {
    onConflict: (conflict) =>
      conflict
        .column("owner")
        .doUpdateSet((eb) => ({ balance: eb("accounts.balance", "+", eb.ref("excluded.balance")) })),
    returning: ["owner", "balance"],
  },
)
if (merged.isOk()) for (const { owner, balance } of merged.value) console.log(owner, balance)

import { createDatabase, prepare, type QueryBuilders } from "@kysely-resilient/core"

interface DB {
  accounts: { owner: string; balance: number }
}

const balanceOf = prepare("accounts.balanceOf", (q: QueryBuilders<DB>, owner: string) =>
  q.selectFrom("accounts").select("balance").where("owner", "=", owner),
)

const add = prepare("accounts.add", (q: QueryBuilders<DB>, owner: string, amount: number) =>
  q
    .updateTable("accounts")
    .set((eb) => ({ balance: eb("balance", "+", amount) }))
    .where("owner", "=", owner),
)

const db = createDatabase<DB>()

// A prepared query is a value like any other: it runs on whatever session it is given to.
const paid = await db.batch({ taken: add("ann", -30), given: add("bob", 30), left: balanceOf("ann") })
if (paid.isOk()) console.log("Ann has", paid.value.left[0]?.balance)
else console.log(paid.error.query?.name, "failed:", paid.error.kind) // accounts.add, accounts.add, accounts.balanceOf

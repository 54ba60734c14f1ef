import { createDatabase } from "@kysely-resilient/core"

interface DB {
  accounts: { owner: string; balance: number }
}

const db = createDatabase<DB>() // reads DATABASE_URL; the first query connects

const add = (owner: string, amount: number) =>
  db
    .updateTable("accounts")
    .set((eb) => ({ balance: eb("balance", "+", amount) }))
    .where("owner", "=", owner)
    .returning("balance")

const ann = await db.maybeOne(db.selectFrom("accounts").select("balance").where("owner", "=", "ann"))
if (ann.isOk()) console.log("Ann has", ann.value?.balance)

const paid = await db.transaction(async (tx) => {
  const taken = await tx.one(add("ann", -70))
  return taken.isErr() ? taken : tx.one(add("bob", 70))
})

if (paid.isOk()) console.log("Bob has", paid.value.balance)
else if (paid.error.kind === "check_violation") console.log("Ann has too little") // constraint: "accounts_balance_check"
else if (paid.error.effect === "unknown") console.log("Nobody knows yet: ask db.resolve with", paid.error.token)
else console.log("That failed:", paid.error.message)

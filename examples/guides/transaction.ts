import { createDatabase, type Session } from "@kysely-resilient/core"
import { err } from "neverthrow"

import type { Library } from "./library.ts"

await using db = createDatabase<Library>()

/** Works on the database, in a transaction and in a savepoint alike. */
const sell = (session: Session<Library>, title: string) =>
  session.one(
    session
      .updateTable("books")
      .set((eb) => ({ sold: eb("sold", "+", 1) }))
      .where("title", "=", title)
      .returning(["title", "sold"]),
  )

// Ok commits. An Err rolls back, whatever it is: the caller gets exactly that error.
const sold = await db.transaction(
  async (tx) => {
    const first = await sell(tx, "Solaris")
    if (first.isErr()) return first
    // May fail alone: only what is inside is undone.
    const gift = await tx.savepoint(async (part) => sell(part, "A Book That Is Not There"))
    tx.afterCommit(() => console.log("told everybody")) // once, and only if it is true
    return gift.isErr() ? first : gift
  },
  { isolation: "serializable", timeoutMs: 5_000 },
)
if (sold.isOk()) console.log("sold:", sold.value.title, sold.value.sold)

const refused = await db.transaction(async (tx) => {
  const first = await sell(tx, "Solaris")
  return first.isOk() && first.value.sold > 1 ? err("sold out" as const) : first
})
console.log(refused.isErr() ? refused.error : "sold once more")

const left = await db.one(db.selectFrom("books").select("sold").where("title", "=", "Solaris"))
if (left.isOk()) console.log("still", left.value.sold)

import { createDatabase, isDatabaseError, type Session } from "@kysely-resilient/core"
import { err, type Result } from "neverthrow"

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

// Who changes several rows locks them first, and everybody in the same order: else two wait for each other.
const pair = await db.transaction(async (tx) => {
  const titles = ["Solaris", "The Dispossessed"]
  const held = await tx.all(
    tx.selectFrom("books").select(["id", "sold"]).where("title", "in", titles).orderBy("id").forUpdate(),
  )
  if (held.isErr()) return held
  if (held.value.some(({ sold: count }) => count > 0)) return err("one is sold" as const)
  return tx.exec(tx.updateTable("books").set({ sold: 1 }).where("title", "in", titles))
})
console.log(pair.isErr() ? pair.error : "sold both")

/** Was it done? Only `effect` says that, and where nobody has answered the COMMIT it can still be asked. */
async function wasDone(
  result: Result<unknown, unknown>,
): Promise<"done" | "not done" | { readonly askLater: string | undefined }> {
  if (result.isOk()) return "done"
  const { error } = result
  if (!isDatabaseError(error)) return "not done" // an Err of yours: it rolled back
  if (error.effect !== "unknown") return error.effect === "not_applied" ? "not done" : "done"
  if (error.token === undefined) return { askLater: undefined } // nobody can say: look whether it is there
  const found = await db.resolve(error.token)
  if (found.isErr() || found.value === "unknown") return { askLater: error.token } // keep it; any process may ask
  return found.value === "not_applied" ? "not done" : "done"
}
console.log(await wasDone(sold), "and", await wasDone(refused))

const left = await db.one(db.selectFrom("books").select("sold").where("title", "=", "Solaris"))
if (left.isOk()) console.log("still", left.value.sold)

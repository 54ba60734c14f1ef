import type { Database } from "@kysely-resilient/core"
import { err, ok } from "neverthrow"

import type { Library } from "../library.ts"

/** What is tested: sells a book once, and tells somebody when that is certain. */
export function sellOnce(db: Database<Library>, title: string, tell: (title: string) => void) {
  return db.transaction(
    async (tx) => {
      const sold = await tx.maybeOne(
        tx
          .updateTable("books")
          .set((eb) => ({ sold: eb("sold", "+", 1) }))
          .where("title", "=", title)
          .returning(["title", "sold"]),
      )
      if (sold.isErr()) return err(sold.error)
      if (sold.value === undefined) return err("no such book" as const)
      if (sold.value.sold > 1) return err("sold already" as const)
      tx.afterCommit(() => tell(title))
      return ok(sold.value.title)
    },
    { name: "books.sell" },
  )
}

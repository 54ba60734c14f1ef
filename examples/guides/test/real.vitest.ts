import { expectErr, expectOk, withRollback } from "@kysely-resilient/testing/core"
import { isolated } from "@kysely-resilient/testing/vitest"
import { expect, it } from "vitest"

import { library } from "./library.ts"
import { sellOnce } from "./shop.ts"

// One database for the file; its tests leave nothing behind.
const here = isolated({ name: import.meta.url, ...library })

it("sells a book once", () =>
  withRollback(here.db, async (db) => {
    const told: string[] = []
    const tell = (title: string) => told.push(title)
    expectOk(await sellOnce(db, "Solaris", tell))
    expect(expectErr(await sellOnce(db, "Solaris", tell))).toBe("sold already")
    expect(expectErr(await sellOnce(db, "A Book That Is Not There", tell))).toBe("no such book")
    expect(told).toEqual(["Solaris"])
  }))

it("does not let two authors have one name", () =>
  withRollback(here.db, async (db) => {
    const ursula = db.insertInto("authors").values({ name: "Ursula" })
    expectErr(await db.exec(ursula), { kind: "unique_violation", constraint: "authors_name_key" })
  }))

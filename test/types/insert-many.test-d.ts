import type { QueryError, Session } from "@kysely-resilient/core"
import type { CallbackThrew } from "@kysely-resilient/core/errors"
import type { ResultAsync } from "neverthrow"
import { describe, expectTypeOf, it } from "vitest"

import { db, type Shop } from "./shop.ts"

describe("insertMany", () => {
  it("takes the rows that an insert takes, and answers a count or what is to be returned", () => {
    const rows = [{ email: "a@x", born: new Date() }]
    expectTypeOf(db.insertMany("users", rows)).toEqualTypeOf<
      ResultAsync<{ readonly affected: bigint }, QueryError | CallbackThrew>
    >()
    expectTypeOf(db.insertMany("users", new Set(rows), { onConflict: "doNothing" })).toEqualTypeOf<
      ResultAsync<{ readonly affected: bigint }, QueryError | CallbackThrew>
    >()
    expectTypeOf(db.insertMany("users", rows, { returning: ["id", "email"] })).toEqualTypeOf<
      ResultAsync<Pick<{ id: bigint; email: string }, "id" | "email">[], QueryError | CallbackThrew>
    >()
    async function* later() {
      yield* rows
    }
    void db.insertMany("users", later(), {
      onConflict: (conflict) => conflict.column("email").doUpdateSet({ name: "again" }),
    })
    // @ts-expect-error there is no such table
    void db.insertMany("user", rows)
    // @ts-expect-error born is missing
    void db.insertMany("users", [{ email: "a@x" }])
    // @ts-expect-error there is no such column
    void db.insertMany("users", [{ email: "a@x", born: new Date(), age: 5 }])
    // @ts-expect-error none to return either
    void db.insertMany("users", rows, { returning: ["age"] })
    // @ts-expect-error nor to conflict on
    void db.insertMany("users", rows, { onConflict: (conflict) => conflict.column("age").doNothing() })
  })

  it("is there on every session", () => {
    const add = (session: Session<Shop>) => session.insertMany("users", [])
    expectTypeOf(add).toBeCallableWith(db)
    void db.transaction((tx) => tx.savepoint((part) => add(part)))
    void db.withConnection((session) => add(session))
  })
})

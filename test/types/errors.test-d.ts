import {
  DatabaseError,
  isDatabaseError,
  type Category,
  type ErrorOfKind,
  type QueryError,
} from "@kysely-resilient/core"
import type { NoRow, TransactionAborted, UniqueViolation } from "@kysely-resilient/core/errors"
import { describe, expectTypeOf, it } from "vitest"

import { db } from "./shop.ts"

describe("errors", () => {
  it("narrow by kind to what only that kind has", () => {
    const tell = (error: QueryError): string | null => {
      switch (error.kind) {
        case "unique_violation":
          expectTypeOf(error).toEqualTypeOf<UniqueViolation>()
          expectTypeOf(error.columns).toEqualTypeOf<readonly string[]>()
          return error.constraint
        case "transaction_aborted":
          expectTypeOf(error).toEqualTypeOf<TransactionAborted>()
          return error.first?.kind ?? null
        case "connection_failed":
          // @ts-expect-error a lost connection breaks no constraint
          return error.constraint
        // @ts-expect-error there is no such kind
        case "uniqe_violation":
          return null
        default:
          return error.message
      }
    }
    expectTypeOf(tell).returns.toEqualTypeOf<string | null>()
  })

  it("narrow by category, exhaustively", () => {
    const status = (error: DatabaseError): number => {
      switch (error.category) {
        case "constraint":
          expectTypeOf(error.constraint).toEqualTypeOf<string | null>()
          return 409
        case "conflict":
          return 409
        case "limit":
          return 504
        case "availability":
          return 503
        case "request":
          return 400
        case "result":
          return 404
        case "bug":
          return 500
      }
    }
    expectTypeOf(status).returns.toEqualTypeOf<number>()
    expectTypeOf<DatabaseError["category"]>().toEqualTypeOf<Category>()
  })

  it("say what may help and what was done", () => {
    expectTypeOf<QueryError["retry"]>().toEqualTypeOf<"never" | "statement" | "transaction">()
    expectTypeOf<QueryError["effect"]>().toEqualTypeOf<"not_applied" | "applied" | "applied_locally" | "unknown">()
  })

  it("are told apart from other things", () => {
    const tell = (thrown: unknown): void => {
      if (thrown instanceof DatabaseError) expectTypeOf(thrown).toEqualTypeOf<DatabaseError>()
      if (isDatabaseError(thrown)) expectTypeOf(thrown).toEqualTypeOf<DatabaseError>()
    }
    expectTypeOf(tell).parameter(0).toBeUnknown()
    expectTypeOf<ErrorOfKind<"no_row">>().toEqualTypeOf<NoRow>()
  })

  it("of `one` include that there was no row, and of `all` do not", async () => {
    const one = (await db.one(db.selectFrom("users").selectAll()))._unsafeUnwrapErr()
    const all = (await db.all(db.selectFrom("users").selectAll()))._unsafeUnwrapErr()
    expectTypeOf<"no_row">().toExtend<(typeof one)["kind"]>()
    expectTypeOf<"no_row">().not.toExtend<(typeof all)["kind"]>()
  })
})

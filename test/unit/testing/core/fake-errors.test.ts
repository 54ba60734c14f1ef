import { type DatabaseError, describe as tell, isDatabaseError, toProblem } from "@kysely-resilient/core"
import { fakeErrors } from "@kysely-resilient/testing/core"
import { ALL_KINDS } from "@kysely-resilient/testing/src/core/failures.ts"
import { describe, expect, it } from "vitest"

import { schema } from "./fixture.ts"

describe("a fake error", () => {
  const fake = fakeErrors(schema)

  it.each(ALL_KINDS)("%s is a real one", (kind) => {
    const error: DatabaseError = fakeErrors()[kind]()
    expect(error).toBeInstanceOf(Error)
    expect(isDatabaseError(error)).toBe(true)
    expect(error).toMatchObject({ kind, _tag: kind, name: "DatabaseError", attempts: 1 })
    expect(tell(error)).toContain("What to do")
    expect(toProblem(error).kind).toBe(kind)
  })

  it("knows the schema's constraints and their columns, and no others", () => {
    const error = fake.unique_violation({ table: "users", constraint: "users_email_key" })
    expect(error).toMatchObject({
      constraint: "users_email_key",
      table: "users",
      columns: ["email"],
      sqlState: "23505",
    })
    expect(error.message).toContain('the unique constraint "users_email_key" of table "users"')
    // @ts-expect-error -- a check, and not a unique constraint
    expect(fake.unique_violation({ table: "users", constraint: "users_age_check" }).constraint).toBe("users_age_check")
    // @ts-expect-error -- no constraint of the schema
    expect(() => fake.check_violation({ table: "users", constraint: "users_age_chekc" })).toThrow(
      'The schema knows no constraint "users_age_chekc" of table "users"',
    )
  })

  it("names all columns of a constraint that has several", () => {
    const own = { seats_key: { kind: "unique", columns: ["row", "seat"] } } as const
    const booked = fakeErrors({ tables: {}, constraints: { seats: { own, inbound: {}, notNull: [] } } })
    expect(booked.unique_violation({ table: "seats", constraint: "seats_key" })).toMatchObject({
      constraint: "seats_key",
      columns: ["row", "seat"],
    })
  })

  it("says what it is told to say", () => {
    const error = fake.connection_failed({
      effect: "unknown",
      token: "t",
      attempts: 3,
      because: "effect-unknown",
      name: "pay",
      retryAfterMs: 9,
    })
    expect(error).toMatchObject({
      effect: "unknown",
      retry: "never",
      token: "t",
      attempts: 3,
      because: "effect-unknown",
      retryAfterMs: 9,
      query: { name: "pay" },
    })
    expect(fake.not_null_violation({ table: "users", column: "email" })).toMatchObject({ columns: ["email"] })
  })
})

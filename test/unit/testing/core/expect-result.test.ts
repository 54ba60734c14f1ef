import { AssertionError } from "node:assert"

import type { QueryError } from "@kysely-resilient/core"
import { expectErr, expectOk, fakeErrors } from "@kysely-resilient/testing/core"
import { err, ok, type Result } from "neverthrow"
import { describe, expect, expectTypeOf, it } from "vitest"

const fake = fakeErrors()
const taken = fake.unique_violation({ table: "users", constraint: "users_email_key", name: "users.add" })
const failed: Result<number, QueryError> = err(taken)
const fine: Result<number, QueryError> = ok(7)

function thrownBy(run: () => unknown): AssertionError {
  try {
    run()
  } catch (error) {
    if (error instanceof AssertionError) return error
    throw error
  }
  throw new Error("nothing was thrown")
}

describe("expectOk", () => {
  it("gives what is in an Ok", () => {
    expectTypeOf(expectOk(fine)).toEqualTypeOf<number>()
    expect(expectOk(fine)).toBe(7)
  })

  it("fails with the error in full, at the place of the caller", () => {
    const { message, stack } = thrownBy(() => expectOk(failed))
    expect(message).toContain("It should have been Ok, and is an Err: The row would break the unique constraint")
    expect(message).toContain("What to do:")
    expect(stack?.split("\n").find((line) => line.includes("    at "))).toContain("expect-result.test.ts")
    expect(thrownBy(() => expectOk(err({ mine: 1 }))).message).toContain("{ mine: 1 }")
  })
})

describe("expectErr", () => {
  it("gives what is in an Err, as what was wanted of it", () => {
    expect(expectErr(failed)).toBe(taken)
    const narrowed = expectErr(failed, { kind: "unique_violation", constraint: "users_email_key" })
    expectTypeOf(narrowed.kind).toEqualTypeOf<"unique_violation">()
    expectTypeOf(narrowed.columns).toEqualTypeOf<readonly string[]>()
    expect(narrowed).toBe(taken)
    expect(expectErr(failed, { category: "constraint", effect: "not_applied" })).toBe(taken)
    const mine: Result<number, "taken" | "gone"> = err("taken")
    expectTypeOf(expectErr(mine)).toEqualTypeOf<"taken" | "gone">()
  })

  it("takes fields of the database's errors where a callback adds its own", () => {
    const mixed: Result<number, QueryError | "sold already" | { readonly kind: "mine"; readonly n: number }> =
      err(taken)
    const narrowed = expectErr(mixed, { kind: "unique_violation" })
    expectTypeOf(narrowed.category).toEqualTypeOf<"constraint">()
    const mine: typeof mixed = err({ kind: "mine", n: 7 })
    const own = expectErr(mine, { kind: "mine" })
    expectTypeOf(own.n).toEqualTypeOf<number>()
    expect(own.n).toBe(7)
  })

  it("takes only what an error can have", () => {
    // @ts-expect-error -- no kind of these errors
    expect(() => expectErr(failed, { kind: "uniq_violation" })).toThrow(AssertionError)
    // @ts-expect-error -- no field of any of them
    expect(() => expectErr(failed, { colour: "red" })).toThrow(AssertionError)
  })

  it("fails for an Ok, and says what it is", () => {
    expect(thrownBy(() => expectErr(fine)).message).toBe("It should have been an Err, and is Ok: 7")
    expect(thrownBy(() => expectErr(fine, { kind: "no_row" as never })).message).toContain(
      "It should have been an Err with { kind: 'no_row' }, and is Ok: 7",
    )
  })

  it("fails for another Err, and says what it is", () => {
    const { message, expected, actual } = thrownBy(() => expectErr(failed, { kind: "check_violation" }))
    expect(message).toContain(
      "It should have been an Err with { kind: 'check_violation' }, and is: The row would break",
    )
    expect(message).toContain('"users_email_key"')
    expect([expected, actual]).toEqual([{ kind: "check_violation" }, { kind: "unique_violation" }])
    expect(thrownBy(() => expectErr(failed, { kind: "unique_violation", constraint: "other" })).actual).toEqual({
      kind: "unique_violation",
      constraint: "users_email_key",
    })
  })
})

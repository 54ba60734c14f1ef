import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import { refused } from "@kysely-resilient/driver/src/failure/local.ts"
import { DriverError, RolledBackError } from "@kysely-resilient/driver/src/kysely/driver-error.ts"
import { describe, expect, it } from "vitest"

import { sent, serverError, systemError } from "../failure/support.ts"

const SECRET = "4711"
const cause = serverError("23505", {
  message: 'duplicate key value violates unique constraint "people_email_key"',
  detail: `Key (card)=(${SECRET}) already exists.`,
  hint: "Try another.",
  position: "15",
  schema: "public",
  table: "people",
  column: "card",
  dataType: "text",
  constraint: "people_email_key",
})
const failure = classify(cause, sent("write"))
const error = new DriverError(failure, 2, "not-transient")

describe("DriverError", () => {
  it("is an Error that says what the server said, and has what it said as its cause", () => {
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe("DriverError")
    expect(String(error)).toBe(`DriverError: ${failure.message}`)
    expect(error.message).toBe('duplicate key value violates unique constraint "people_email_key".')
    expect(error.cause).toBe(cause)
    expect(error.stack).toContain("driver-error.test")
  })

  it("says what it is, what was done, how often it was tried, and why not again", () => {
    expect(error).toMatchObject({
      kind: "unique_violation",
      effect: "not_applied",
      attempts: 2,
      because: "not-transient",
      failure,
    })
  })

  it("has the fields that code on pg looks at", () => {
    expect(error).toMatchObject({
      code: "23505",
      severity: "ERROR",
      schema: "public",
      table: "people",
      column: "card",
      dataType: "text",
      constraint: "people_email_key",
      routine: "some_routine",
      detail: `Key (card)=(${SECRET}) already exists.`,
      hint: "Try another.",
      position: "15",
    })
  })

  it("has the system's code where the server said nothing", () => {
    const reset = new DriverError(classify(systemError("ECONNRESET", "read"), sent("read")), 1, "attempts-spent")
    expect(reset.code).toBe("ECONNRESET")
    expect([reset.detail, reset.hint, reset.constraint, reset.severity]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it("has no code and no cause where nobody said anything", () => {
    const own = new DriverError(refused({ why: "No" }), 0, "not-transient")
    expect("cause" in own).toBe(false)
    expect([own.code, own.detail]).toEqual([undefined, undefined])
  })

  it("gives away no row data in JSON, in what can be enumerated, or in its message", () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "DriverError",
      kind: "unique_violation",
      effect: "not_applied",
      attempts: 2,
      because: "not-transient",
    })
    expect(JSON.stringify({ ...error })).not.toContain(SECRET)
    expect(error.message).not.toContain(SECRET)
  })

  it("takes only text for what it quotes of its cause", () => {
    const odd = new DriverError({ ...failure, cause: { detail: 5, hint: null } }, 1, "not-transient")
    expect([odd.detail, odd.hint, odd.position]).toEqual([undefined, undefined, undefined])
    expect(new DriverError({ ...failure, cause: "a text" }, 1, "not-transient").detail).toBeUndefined()
  })
})

describe("RolledBackError", () => {
  it("is recognised by Kysely, which then does not roll back again; and cannot be seen to be so", () => {
    const rolledBack = new RolledBackError(failure, 1, "not-transient")
    expect(rolledBack).toBeInstanceOf(DriverError)
    expect(Reflect.get(rolledBack, Symbol.for("kysely.AbortedTransactionError"))).toBe(true)
    expect(Reflect.get(error, Symbol.for("kysely.AbortedTransactionError"))).toBeUndefined()
    expect(Object.getOwnPropertySymbols({ ...rolledBack })).toEqual([])
  })
})

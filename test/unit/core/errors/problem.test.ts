import { toProblem } from "@kysely-resilient/core"
import type { ErrorKind } from "@kysely-resilient/core/src/errors/redaction.ts"
import { REMEDIES } from "@kysely-resilient/core/src/errors/remedies.ts"
import { toDatabaseError } from "@kysely-resilient/core/src/errors/to-database-error.ts"
import { describe, expect, it } from "vitest"

import { failure } from "../../../support/scripted-engine.ts"

const kinds = Object.keys(REMEDIES) as ErrorKind[]

function problemOf(kind: ErrorKind, facts: Parameters<typeof failure>[1] = {}): ReturnType<typeof toProblem> {
  const named = { constraint: "users_email_key", table: "users", column: "email", message: "secret" }
  const made = { ...failure("server_error", { ...named, ...facts }), kind }
  const query = { sql: "select secret", name: "users.add", parameterCount: 0 }
  return toProblem(toDatabaseError(made, { detail: "redact", attempts: 1, query }))
}

describe("an error as a problem (RFC 9457)", () => {
  it("has the members of the RFC, and ours", () => {
    expect(problemOf("unique_violation")).toEqual({
      type: "urn:problem-type:kysely-resilient:unique_violation",
      title: "Unique violation",
      status: 409,
      detail: "This is in conflict with something that exists already. Nothing was changed.",
      kind: "unique_violation",
      category: "constraint",
    })
  })

  it.each<[ErrorKind, number]>([
    ["no_row", 404],
    ["exclusion_violation", 409],
    ["foreign_key_violation", 422],
    ["check_violation", 422],
    ["not_null_violation", 422],
    ["data_exception", 422],
    ["serialization_failure", 503],
    ["lock_not_available", 503],
    ["statement_timeout", 504],
    ["deadline_exceeded", 504],
    ["aborted", 499],
    ["pool_timeout", 503],
    ["circuit_open", 503],
    ["server_shutdown", 503],
    ["insufficient_privilege", 500],
    ["invalid_statement", 500],
    ["too_many_rows", 500],
    ["callback_threw", 500],
  ])("of %s has status %i", (kind, status) => {
    expect(problemOf(kind).status).toBe(status)
  })

  it("says when to come back, in whole seconds, where that may help", () => {
    expect(problemOf("circuit_open", { retryAfterMs: 1_200 }).retryAfter).toBe(2)
    expect(problemOf("deadlock_detected").retryAfter).toBe(1)
    expect(problemOf("unique_violation", { retryAfterMs: 1_200 })).not.toHaveProperty("retryAfter")
  })

  it.each(kinds)("does not invite to repeat what may have been done: %s", (kind) => {
    for (const effect of ["unknown", "applied", "applied_locally"] as const) {
      const problem = problemOf(kind, { effect })
      expect(problem.status).not.toBe(503)
      expect(problem).not.toHaveProperty("retryAfter")
      expect(problem.detail).not.toMatch(effect === "unknown" ? /Nothing was changed/ : /try again/)
    }
  })

  it.each(kinds)("shows nothing of the database: %s", (kind) => {
    expect(JSON.stringify(problemOf(kind))).not.toMatch(/secret|users|email/)
  })

  it("takes what it cannot know from its caller", () => {
    const error = toDatabaseError(failure("unique_violation"), { detail: "redact", attempts: 1 })
    const said = { instance: "urn:uuid:1", errors: { email: "is taken" } }
    expect(toProblem(error, said)).toMatchObject(said)
  })
})

import type { QueryError } from "@kysely-resilient/core"
import { jsonResponse, respond } from "@kysely-resilient/http"
import { err, ok, type Result } from "neverthrow"
import { describe, expect, it } from "vitest"

import { scripted } from "../../support/scripted-database.ts"
import { failure } from "../../support/scripted-engine.ts"

const failing = (facts: Parameters<typeof failure>) =>
  scripted({ statement: () => ({ fails: failure(...facts) }) }).db.query("select 1")

describe("respond", () => {
  it("answers a value as JSON, with a bigint as text, and nothing with 204", async () => {
    const { db } = scripted({ statement: () => ({ rows: [{ id: 12n, at: new Date(0) }], affected: 1n }) })
    const found = await respond(db.all(db.selectFrom("users").selectAll()))
    expect([found.status, found.headers.get("content-type"), await found.text()]).toEqual([
      200,
      "application/json",
      '[{"id":"12","at":"1970-01-01T00:00:00.000Z"}]',
    ])
    const done: Result<undefined, QueryError> = ok(undefined)
    const empty = await respond(done)
    expect([empty.status, await empty.text()]).toEqual([204, ""])
  })

  it("answers in the application's own way where it has one", async () => {
    const { db } = scripted({ statement: () => ({ affected: 1n }) })
    const made = await respond(db.exec(db.deleteFrom("users")), {
      ok: ({ affected }) => jsonResponse({ affected }, { status: 201, headers: { location: "/users/1" } }),
    })
    expect([made.status, made.headers.get("location"), await made.text()]).toEqual([
      201,
      "/users/1",
      '{"affected":"1"}',
    ])
  })

  it.each([
    ["unique_violation", {}, 409, null],
    ["foreign_key_violation", {}, 422, null],
    ["serialization_failure", {}, 503, "1"],
    ["circuit_open", { retryAfterMs: 2_500 }, 503, "3"],
    ["connection_failed", {}, 503, "1"],
    ["connection_failed", { effect: "unknown" }, 500, null],
    ["statement_timeout", {}, 504, null],
    ["invalid_statement", {}, 500, null],
  ] as const)("answers %s %j with %i and Retry-After %s", async (kind, facts, status, retryAfter) => {
    const logged: string[] = []
    const response = await respond(failing([kind, facts]), {
      instance: "urn:uuid:1",
      log: (error) => void logged.push(error.kind),
    })
    expect([response.status, response.headers.get("retry-after")]).toEqual([status, retryAfter])
    expect(response.headers.get("content-type")).toBe("application/problem+json")
    expect(response.headers.get("cache-control")).toBe("no-store")
    expect(await response.json()).toMatchObject({ kind, status, instance: "urn:uuid:1" })
    expect(logged).toEqual(status >= 500 ? [kind] : [])
  })

  it("has nothing to say to a client that has gone", async () => {
    const response = await respond(failing(["aborted", {}]))
    expect([response.status, await response.text()]).toEqual([499, ""])
  })

  it("answers what is not the database's as the application says, which its types ask for", async () => {
    const refused: Result<number, QueryError | { readonly kind: "too_little"; readonly left: number }> = err({
      kind: "too_little",
      left: 3,
    })
    const response = await respond(refused, {}, ({ left }) => jsonResponse({ left }, { status: 409 }))
    expect([response.status, await response.json()]).toEqual([409, { left: 3 }])
    // @ts-expect-error -- an error of the application's own is forgotten
    await expect(respond(refused)).rejects.toThrow(/no way to answer it/)
  })
})

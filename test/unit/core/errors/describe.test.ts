import { describe as tell } from "@kysely-resilient/core"
import { localFailure } from "@kysely-resilient/core/src/errors/local-failure.ts"
import { toDatabaseError } from "@kysely-resilient/core/src/errors/to-database-error.ts"
import { describe, expect, it } from "vitest"

import { failure } from "../../../support/scripted-engine.ts"

const DOCS = "node_modules/@kysely-resilient/core/docs/errors.md"

describe("an error described", () => {
  it("says what happened, that nothing was applied, what to do, and where to read on", () => {
    const error = toDatabaseError(
      failure("unique_violation", { sqlState: "23505", constraint: "users_email_key", table: "users" }),
      { detail: "redact", attempts: 1, because: "not-transient" },
    )
    expect(tell(error)).toBe(
      'The row would break the unique constraint "users_email_key" of table "users": another row has the same key (SQLSTATE 23505). ' +
        "Nothing was applied. What to do: Tell the user that it is taken (catchConstraint, fieldErrors), or write on conflict. " +
        `More: ${DOCS}#unique_violation`,
    )
  })

  it("says how it was tried, and why it was given up", () => {
    const lost = failure("connection_failed", { errno: "ECONNRESET", effect: "unknown", token: "t", phase: "write" })
    const error = toDatabaseError(lost, {
      detail: "redact",
      attempts: 2,
      because: "effect-unknown",
      journal: [
        {
          kind: "too_many_connections",
          sqlState: "53300",
          phase: "connect",
          effect: "not_applied",
          tookMs: 3.4,
          waitedMs: 480.2,
        },
        {
          kind: "connection_failed",
          errno: "ECONNRESET",
          phase: "write",
          effect: "unknown",
          tookMs: 12,
          connectionId: 7,
        },
      ],
    })
    expect(tell(error)).toBe(
      "The connection to the database was lost (ECONNRESET). It is not known whether the database has applied it. " +
        "db.resolve(error.token) may tell later. Tried 2 times, and not again, because it may have been done already. " +
        "What to do: Where none comes about, look at host and port, and whether the server runs. If the effect is not_applied, try again after retryAfterMs; if unknown, db.resolve(token). " +
        `More: ${DOCS}#connection_failed\n` +
        "  1. too_many_connections (53300) in phase connect, after 3 ms; the next try came 480 ms later\n" +
        "  2. connection_failed (ECONNRESET) in phase write, after 12 ms, on connection 7",
    )
  })

  it("of an answer that was not the wanted one says that the statement stands", () => {
    const error = toDatabaseError(localFailure("no_row", "", { effect: "applied" }), { detail: "redact", attempts: 1 })
    expect(tell(error)).toContain("write maybeOne if there may be none. What it asked for was done. What to do:")
  })
})

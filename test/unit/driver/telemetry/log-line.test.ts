import type { Failure } from "@kysely-resilient/driver/src/failure/failure.ts"
import type { DriverEvent } from "@kysely-resilient/driver/src/telemetry/events.ts"
import { logLine } from "@kysely-resilient/driver/src/telemetry/log-line.ts"
import { describe, expect, it } from "vitest"

const lost: Failure = {
  kind: "connection_failed",
  blame: "server",
  retry: "statement",
  pace: "slow",
  connection: "discard",
  effect: "unknown",
  origin: "socket",
  phase: "write",
  errno: "ECONNRESET",
  message: "read ECONNRESET",
}
const duplicate: Failure = {
  ...lost,
  kind: "unique_violation",
  blame: "statement",
  retry: "never",
  effect: "not_applied",
  origin: "server",
  sqlState: "23505",
  message: 'duplicate key value violates unique constraint "ann@x.org"',
}
const conflict: Failure = { ...duplicate, kind: "serialization_failure", retry: "transaction", sqlState: "40001" }
const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const query = { at, queryId: "1", sql: "insert into t values ($1)" }

/** The line without what every line begins with. */
function lineOf(event: DriverEvent): string | undefined {
  return logLine(event)?.replace("2026-01-02T03:04:05.678Z kysely-resilient ", "")
}

describe("a log line", () => {
  it.each<[DriverEvent, string]>([
    [
      { at, name: "buggify.struck", kind: "answer-lost", connectionId: 3 },
      "buggify.struck: answer-lost on connection 3, on purpose",
    ],
    [{ at, name: "buggify.struck", kind: "pool-exhausted" }, "buggify.struck: pool-exhausted, on purpose"],
    [
      {
        name: "query.failed",
        ...query,
        durationMs: 12.4,
        attempts: 1,
        access: "write",
        failure: lost,
        because: "effect-unknown",
      },
      'query.failed: "insert into t values ($1)" failed after 1 try and 12 ms: connection_failed (ECONNRESET): read ECONNRESET; effect unknown, not tried again: effect-unknown',
    ],
    [
      {
        name: "query.failed",
        ...query,
        durationMs: 900,
        attempts: 3,
        access: "write",
        failure: conflict,
        because: "attempts-spent",
      },
      'query.failed: "insert into t values ($1)" failed after 3 tries and 900 ms: serialization_failure (40001); effect not_applied, not tried again: attempts-spent',
    ],
    [
      { name: "query.retried", ...query, label: "place order", attempt: 1, delayMs: 80, failure: lost },
      "query.retried: place order failed at try 1 and is tried again after 80 ms: connection_failed (ECONNRESET): read ECONNRESET",
    ],
    [
      { name: "query.abandoned", ...query, reason: "deadline", confirmed: false },
      'query.abandoned: nobody waits for "insert into t values ($1)" any more (deadline); the server did not confirm that it stopped',
    ],
    [
      { name: "query.abandoned", ...query, reason: "abort", confirmed: true },
      'query.abandoned: nobody waits for "insert into t values ($1)" any more (abort); the server stopped it',
    ],
    [
      { name: "connection.failed", at, failure: lost, durationMs: 3 },
      "connection.failed: no connection after 3 ms: connection_failed (ECONNRESET): read ECONNRESET",
    ],
    [
      { name: "connection.silent", at, connectionId: 7, silentMs: 1_012, found: "at-rest" },
      "connection.silent: connection 7 was silent for 1012 ms while its server had nothing to do for it (at-rest); it is given up",
    ],
    [
      { name: "connection.discarded", at, connectionId: 7, reason: "died", failure: lost },
      "connection.discarded: connection 7 was lost: connection_failed (ECONNRESET): read ECONNRESET",
    ],
    [
      { name: "connection.discarded", at, connectionId: 7, reason: "not-clean" },
      "connection.discarded: connection 7 was closed because its session could not be cleaned",
    ],
    [
      { name: "connection.repaired", at, connectionId: 7, found: "E", by: "rollback" },
      "connection.repaired: connection 7 came back with a failed transaction; ended by rollback",
    ],
    [
      { name: "transaction.orphaned", at, connectionId: 7, action: "commit" },
      "transaction.orphaned: connection 7 came back with a transaction that raw SQL had begun; commit",
    ],
    [
      { name: "transaction.rolled-back", at, reason: "deadline" },
      "transaction.rolled-back: a transaction reached its deadline and was rolled back",
    ],
    [
      { name: "transaction.rerun", at, attempt: 1, delayMs: 5, failure: conflict, label: "transfer" },
      "transaction.rerun: transaction transfer failed at run 1 and is run again after 5 ms: serialization_failure (40001)",
    ],
    [
      {
        name: "transaction.failed",
        at,
        attempts: 3,
        durationMs: 20,
        failure: conflict,
        because: "attempts-spent",
        label: "pay",
      },
      "transaction.failed: transaction pay failed after 3 tries and 20 ms: serialization_failure (40001); effect not_applied, not run again: attempts-spent",
    ],
    [{ name: "pool.reset", at, generation: 2 }, "pool.reset: all connections are being replaced; generation 2"],
    [
      { name: "pool.outage-began", at, failure: lost },
      "pool.outage-began: no connection can be opened: connection_failed (ECONNRESET): read ECONNRESET",
    ],
    [
      { name: "pool.outage-ended", at, durationMs: 1_234.5 },
      "pool.outage-ended: connections can be opened again, after 1235 ms",
    ],
  ])("says what happened, with its numbers: $name", (event, line) => {
    expect(lineOf(event)).toBe(line)
  })

  it.each<[string, DriverEvent]>([
    ["a success", { name: "query.succeeded", ...query, durationMs: 1, attempts: 1, access: "read" }],
    [
      "a caller's own mistake",
      {
        name: "query.failed",
        ...query,
        durationMs: 1,
        attempts: 1,
        access: "write",
        failure: duplicate,
        because: "not-transient",
      },
    ],
    [
      "a conflict that its transaction will be re-run for",
      {
        name: "query.failed",
        ...query,
        durationMs: 1,
        attempts: 1,
        access: "write",
        failure: conflict,
        because: "in-transaction",
      },
    ],
    [
      "a caller's change of mind",
      {
        name: "query.failed",
        ...query,
        durationMs: 1,
        attempts: 1,
        access: "read",
        failure: { ...lost, kind: "aborted", blame: "client" },
        because: "not-transient",
      },
    ],
    ["a connection", { name: "connection.opened", at, connectionId: 7, durationMs: 1 }],
    ["housekeeping", { name: "connection.discarded", at, connectionId: 7, reason: "lifetime" }],
    ["a commit", { name: "transaction.committed", at, durationMs: 1 }],
    ["a rollback that a caller wanted", { name: "transaction.rolled-back", at, reason: "caller" }],
  ])("is not written for %s", (_, event) => {
    expect(logLine(event)).toBeUndefined()
  })

  it("holds no value of a row, even where the server's message quotes one", () => {
    const because = "attempts-spent"
    const line = lineOf({
      name: "query.failed",
      ...query,
      durationMs: 1,
      attempts: 3,
      access: "write",
      failure: duplicate,
      because,
    })
    expect(line).toContain("unique_violation (23505);")
    expect(line).not.toContain("ann@x.org")
  })

  it.each([
    ["select 'ann', 42, 1.5e3", '"select ?, ?, ?"'],
    ["select 'it''s'", '"select ?"'],
    [String.raw`select e'it\'s', 1`, '"select ?, ?"'],
    ["select $$secret$$, $a$se$$cret$a$, x", '"select ?, ?, x"'],
    ["select $1, $2, t1.c2", '"select $1, $2, t1.c2"'],
    ["select 'never closed", '"select ?"'],
    ["select\n  1,\t\tx", '"select ?, x"'],
    [`select ${"c, ".repeat(40)}`, `"select ${"c, ".repeat(40).slice(0, 73)}…"`],
  ])("shows a statement without its literals, on one line, cut: %s", (sql, shown) => {
    const line = lineOf({ name: "query.retried", ...query, sql, attempt: 1, delayMs: 1, failure: lost })
    expect(line?.split(" failed at try")[0]).toBe(`query.retried: ${shown}`)
  })

  it("is one line, whatever a message holds", () => {
    const failure = { ...lost, message: "first\nsecond\r\nthird" }
    expect(logLine({ name: "pool.outage-began", at, failure })?.split(/[\r\n]/)).toHaveLength(1)
  })
})

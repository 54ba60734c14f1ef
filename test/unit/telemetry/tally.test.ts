import type { DriverEvent } from "@kysely-resilient/driver"
import { Tally, tallyOf } from "@kysely-resilient/telemetry/src/tally.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { failure } from "../../support/scripted-engine.ts"

const statement = {
  at: 0,
  queryId: "q",
  sql: "select * from users",
  access: "read",
  attempts: 1,
  durationMs: 2,
} as const
const succeeded: DriverEvent = { ...statement, name: "query.succeeded" }
const reset = failure("connection_failed", { errno: "ECONNRESET", blame: "server" })

let tally: Tally

beforeEach(() => {
  tally = new Tally()
})

const counts = () =>
  tally.operations.map(({ summary, error, durations }) => [summary, error?.type, durations.read().count])

describe("Tally", () => {
  it("counts success and each way to fail apart", () => {
    tally.observe(succeeded)
    tally.observe(succeeded)
    tally.observe({ ...statement, name: "query.failed", failure: reset, because: "attempts-spent" })
    const duplicate = failure("unique_violation", { sqlState: "23505" })
    tally.observe({ ...statement, name: "query.failed", failure: duplicate, because: "not-transient" })
    expect(counts()).toEqual([
      ["SELECT users", undefined, 2],
      ["SELECT users", "ECONNRESET", 1],
      ["SELECT users", "23505", 1],
    ])
  })

  it.each([
    ["attempts-spent", "exhausted"],
    ["budget-spent", "budget_denied"],
    ["deadline-near", "deadline"],
  ] as const)("a retry that did not come because of %s is %s", (because, outcome) => {
    tally.observe({ ...statement, name: "query.failed", failure: reset, because })
    expect(tally.retries).toEqual([["ECONNRESET", outcome, 1]])
  })

  it("a failure that nothing would have helped is no retry", () => {
    tally.observe({ ...statement, name: "query.failed", failure: reset, because: "not-transient" })
    expect(tally.retries).toEqual([])
  })

  it("counts retries of statements, transactions and functions as one", () => {
    const again = { at: 0, attempt: 1, delayMs: 1, failure: reset } as const
    tally.observe({ ...again, name: "query.retried", queryId: "q", sql: "select 1" })
    tally.observe({ ...again, name: "transaction.rerun" })
    tally.observe({ ...again, name: "operation.rerun" })
    expect(tally.retries).toEqual([["ECONNRESET", "retried", 3]])
  })

  it("counts who was refused, and what the circuit became", () => {
    const open = failure("circuit_open", { blame: "server" })
    tally.observe({ ...statement, name: "query.failed", failure: open, because: "not-transient" })
    tally.observe({ at: 0, name: "circuit.opened", failure: reset })
    tally.observe({ at: 0, name: "circuit.half-opened" })
    tally.observe({ at: 0, name: "circuit.closed", durationMs: 1 })
    expect([...tally.refusals]).toEqual([["circuit", 1]])
    expect(Object.fromEntries(tally.transitions)).toEqual({ open: 1, half_open: 1, closed: 1 })
  })

  it("has 500 kinds of statements and one for the rest, however many there are", () => {
    for (let kind = 0; kind < 700; kind += 1) tally.observe({ ...succeeded, sql: `select * from table_${kind}` })
    expect(tally.operations).toHaveLength(501)
    expect(counts().at(-1)).toEqual(["_OTHER", undefined, 200])
  })
})

describe("tallyOf", () => {
  it("is one for a database, whoever asks, and listens once", () => {
    let listeners = 0
    const source = {
      observe: () => {
        listeners += 1
        return () => {}
      },
      snapshot: () => {
        throw new Error("is not asked for")
      },
    }
    expect(tallyOf(source)).toBe(tallyOf(source))
    expect(listeners).toBe(1)
  })
})

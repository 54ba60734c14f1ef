import { Meter } from "@kysely-resilient/cli/src/drill/meter.ts"
import type { DriverEvent, Failure } from "@kysely-resilient/driver"
import { describe, expect, it } from "vitest"

const statement = (label: string, attempts = 1): DriverEvent => ({
  name: "query.succeeded",
  at: 0,
  durationMs: 1,
  attempts,
  access: "write",
  queryId: "1",
  sql: "",
  label,
})

const failure = {} as Failure
const rerun = (label: string): DriverEvent => ({
  name: "transaction.rerun",
  at: 0,
  attempt: 1,
  delayMs: 1,
  failure,
  label,
})

function amplificationOf(...events: readonly DriverEvent[]): number {
  const meter = new Meter()
  for (const event of events) meter.observe(event)
  return meter.retryAmplification
}

describe("retry amplification", () => {
  it.each([
    ["nothing", [], 1],
    ["two statements", [statement("a"), statement("b")], 1],
    ["one of two that was sent three times", [statement("a", 3), statement("b")], 2],
    [
      "a transaction of two that ran twice",
      [statement("t"), statement("t"), rerun("t"), statement("t"), statement("t")],
      2,
    ],
    ["the statements of others meanwhile", [statement("t"), statement("o"), rerun("t"), statement("t")], 1.5],
  ] as const)("of %s", (_, events, amplification) => {
    expect(amplificationOf(...events)).toBe(amplification)
  })
})

import { describe, expect, it } from "vitest"

import { afterFailedOpening, noOutage } from "@kysely-resilient/driver/src/pool/outage.ts"
import { refusalOf, type RefusalFacts } from "@kysely-resilient/driver/src/pool/refusal.ts"

import { crowded, unreachable } from "./pool-fixture.ts"

const crowd = { max: 10, idle: 0, leased: 9, opening: 1, waiting: 4 }
const calm: RefusalFacts = {
  now: 2_500.4,
  crowd,
  outage: noOutage,
  acquireTimeoutMs: 1_500,
  standingMs: 0,
  still: 0,
  outageWaitMs: 700,
}
const outage = afterFailedOpening(noOutage, { failure: unreachable, live: 0, now: 2_000, delayMs: () => 1 })
const full = afterFailedOpening(noOutage, { failure: crowded, live: 9, now: 2_000, delayMs: () => 1 })
const waiting = { leavesAt: Infinity, joinedAt: 1_000, options: { deadline: { at: 2_500, limitMs: 1_900.2 } } }

describe("what one is told who leaves the line unserved", () => {
  it.each([
    [
      "acquire-timeout",
      calm,
      "pool_timeout",
      "within pool.acquireTimeoutMs (1500 ms): waited 1500 ms; of at most 10, 9 are in use",
    ],
    [
      "acquire-timeout",
      { ...calm, outage: full },
      "pool_timeout",
      "More cannot be opened: sorry, too many clients already",
    ],
    [
      "deadline",
      calm,
      "deadline_exceeded",
      "The deadline of 1900 ms passed while waiting for a connection: waited 1500 ms",
    ],
    ["deadline", { ...calm, outage: full }, "deadline_exceeded", "The deadline of 1900 ms passed"],
    ["abort", calm, "aborted", "Aborted while waiting for a connection: waited 1500 ms"],
    ["abort", { ...calm, outage }, "aborted", "Aborted while waiting for a connection"],
    [
      "acquire-timeout",
      { ...calm, outage },
      "connection_failed",
      "until pool.acquireTimeoutMs (1500 ms); none could be opened for 500 ms",
    ],
    [
      "deadline",
      { ...calm, outage },
      "connection_failed",
      "until the deadline (1900 ms); none could be opened for 500 ms, in one attempt",
    ],
    ["outage-wait", { ...calm, outage }, "connection_failed", "until retry.outageWaitMs (700 ms)"],
  ] as const)("by %s", (why, facts, kind, text) => {
    const failure = refusalOf(why, waiting, facts)
    expect(failure).toMatchObject({ kind, effect: "not_applied" })
    expect(failure.message).toContain(text)
  })

  it("is the opening's own failure in an outage, but for the message", () => {
    const { message, ...rest } = refusalOf("outage-wait", waiting, { ...calm, outage })
    expect({ ...rest, message: unreachable.message }).toEqual({ ...unreachable, retryAfterMs: 250 })
    expect(message.startsWith(`${unreachable.message}. Waited 1500 ms`)).toBe(true)
  })
})

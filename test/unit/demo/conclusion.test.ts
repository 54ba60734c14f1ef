import { describe, expect, it } from "vitest"

import { conclude, summarize, type Facts } from "../../../examples/demo/conclusion.ts"
import type { FaultScore, Tally } from "../../../examples/demo/scoreboard.ts"

const tally: Tally = {
  operations: 100,
  affected: 5,
  retried: 4,
  resolved: 0,
  surfaced: { needed: 1, avoidable: 0 },
  unknown: 1,
}
const crash: FaultScore = { ...tally, name: "crash", hits: 1, recoveryMs: 31, unrecovered: 0 }

const flawless: Facts = {
  seed: 7,
  seconds: 30,
  elapsedMs: 28_000.4,
  total: tally,
  faults: [crash],
  audit: {
    acknowledged: 50,
    held: 51,
    lost: [],
    duplicated: [],
    phantom: [],
    unanswered: [],
    unknown: { applied: 1, absent: 0 },
  },
  balances: { accounts: 8, total: 80n, expectedTotal: 80n, wrong: [], halfDone: [] },
  signals: { stored: 30, wrongRuns: [] },
  avoidable: [],
  wrongReads: [],
  selfCheck: { plantedLossFound: true, plantedDoubleFound: true },
  unhandled: [],
  leaks: { leased: 0, waiting: 0, openTransactions: 0, heldLocks: 0, connectionsAfterClose: 0 },
}

const summaryOf = (facts: Facts) => summarize(facts, conclude(facts))

describe("conclude", () => {
  it("passes a run in which everything held; an unknown write and a needed error are no failure", () => {
    expect(summaryOf(flawless)).toMatchObject({
      ok: true,
      failed: [],
      unknown: 1,
      surfaced: { needed: 1, avoidable: 0 },
    })
  })

  it.each<[string, Partial<Facts>, string]>([
    ["a fault never hit", { faults: [{ ...crash, hits: 0 }] }, "hit a running operation"],
    ["something never worked again", { faults: [{ ...crash, unrecovered: 1 }] }, "worked again"],
    ["an avoidable error surfaced", { total: { ...tally, surfaced: { needed: 0, avoidable: 1 } } }, "avoidable"],
    [
      "the check misses a planted loss",
      { selfCheck: { ...flawless.selfCheck, plantedLossFound: false } },
      "ledger check",
    ],
    [
      "the check misses a planted double",
      { selfCheck: { ...flawless.selfCheck, plantedDoubleFound: false } },
      "ledger",
    ],
    ["a write was lost", { audit: { ...flawless.audit, lost: ["a"] } }, "lost"],
    ["a write was doubled", { audit: { ...flawless.audit, duplicated: ["a"] } }, "twice"],
    ["a failed write happened", { audit: { ...flawless.audit, phantom: ["a"] } }, "happened all the same"],
    ["somebody was never answered", { audit: { ...flawless.audit, unanswered: ["a"] } }, "answer"],
    ["money was made", { balances: { ...flawless.balances, total: 81n } }, "money"],
    ["a transfer has no entry", { balances: { ...flawless.balances, halfDone: ["t"] } }, "money"],
    [
      "there are no accounts",
      { balances: { accounts: 0, total: 0n, expectedTotal: 0n, wrong: [], halfDone: [] } },
      "money",
    ],
    ["signals are wrong", { signals: { stored: 30, wrongRuns: ["r"] } }, "signals"],
    ["a read was wrong", { wrongReads: ["short"] }, "rows"],
    ["a rejection was unhandled", { unhandled: ["Error: x"] }, "rejection"],
    ["a connection leaked", { leaks: { ...flawless.leaks, leased: 1 } }, "is left"],
    ["a connection outlived the close", { leaks: { ...flawless.leaks, connectionsAfterClose: 1 } }, "is left"],
  ])("fails a run in which %s, and says so in one line", (_, change, words) => {
    const { ok, failed } = summaryOf({ ...flawless, ...change })
    expect(ok).toBe(false)
    expect(failed).toHaveLength(1)
    expect(failed[0]).toContain(words)
  })

  it("names a few of many culprits and counts the rest", () => {
    const { failed } = summaryOf({ ...flawless, wrongReads: ["a", "b", "c", "d", "e"] })
    expect(failed[0]).toContain("not so for 5: a, b, c, …")
  })
})

describe("summarize", () => {
  it("is plain JSON, with every figure that scripts look for", () => {
    const text = JSON.stringify(summaryOf(flawless))
    expect(JSON.parse(text)).toMatchObject({
      ok: true,
      seed: 7,
      operations: 100,
      retried: 4,
      resolved: 0,
      surfaced: { needed: 1, avoidable: 0 },
      unknown: 1,
      lost: 0,
      duplicated: 0,
      unhandled: 0,
      leaked: 0,
      faults: [{ name: "crash", hits: 1, affected: 5, recoveryMs: 31 }],
    })
    expect(text).not.toContain("\n")
  })

  it("keeps a fault's place when its recovery was never seen", () => {
    const [fault] = summaryOf({ ...flawless, faults: [{ ...crash, recoveryMs: undefined }] }).faults
    expect(fault?.recoveryMs).toBeNull()
  })
})

import { conclude, summarize, type Facts } from "@kysely-resilient/cli"
import { describe, expect, it } from "vitest"

const calm: Facts = {
  options: { seed: 4, seconds: 30, workers: 16, postgres: "18", resolution: "marker" },
  version: "18.4",
  elapsedMs: 35_000,
  total: { operations: 100, retried: 4, resolved: 2, asked: 5, needed: 1, avoidable: 0, unknown: 0 },
  faults: [
    {
      name: "cut",
      title: "cut",
      played: 2,
      hits: 1,
      operations: 7,
      retried: 3,
      resolved: 1,
      asked: 0,
      needed: 1,
      avoidable: 0,
      unknown: 0,
      recoveryMs: 12,
      settledMs: 400,
    },
  ],
  p95RecoveryMs: 12,
  audit: {
    announced: 60,
    acknowledged: 50,
    lost: [],
    duplicated: [],
    phantoms: [],
    torn: [],
    unanswered: [],
    unknown: { applied: 0, absent: 0 },
  },
  balancesAmiss: [],
  avoidable: [],
  unknown: [],
  wrong: [],
  hung: 0,
  late: [],
  overlooked: [],
  unhandled: [],
  recovery: { busy: 0, openTransactions: 0, strangers: 0, freshQueryMs: 3 },
  leakedConnections: 0,
  retryAmplification: 1.01,
  longestOutageMs: 900,
  heap: { firstMb: 30, lastMb: 30, maxMb: 31, growthMbPerMinute: 0 },
  troubles: [],
}

const summaryOf = (change: Partial<Facts>) => {
  const facts = { ...calm, ...change }
  return summarize(facts, conclude(facts))
}

const audit = (change: Partial<Facts["audit"]>) => ({ audit: { ...calm.audit, ...change } })
const recovery = (change: Partial<Facts["recovery"]>) => ({ recovery: { ...calm.recovery, ...change } })
const later = { words: "insert#1: lost", excused: true, right: true }

describe("a drill", () => {
  it("that went as it should is ok, and says so in figures", () => {
    expect(summaryOf({})).toMatchObject({
      ok: true,
      seed: 4,
      operations: 100,
      surfaced: { needed: 6, avoidable: 0 },
      resolved: 2,
      worstRecoveryMs: 12,
      worstSettledMs: 400,
      failed: [],
    })
  })

  it("is ok with an effect that nobody can know, if whatever is said of it later is right", () => {
    expect(summaryOf({ unknown: [later] })).toMatchObject({ ok: true })
  })

  it.each<readonly [string, Partial<Facts>]>([
    ["nothing was hit", { faults: [] }],
    ["the check is blind", { overlooked: ["a lost write"] }],
    ["something is lost", audit({ lost: ["1/1"] })],
    ["something is there twice", audit({ duplicated: ["1/1"] })],
    ["something that failed is there", audit({ phantoms: ["1/1"] })],
    ["something is there by half", audit({ torn: ["1/1"] })],
    ["somebody got no answer", audit({ unanswered: ["1/1"] })],
    ["somebody got one too late", { late: ["insert#1: not answered after 99000 ms"] }],
    ["money is missing", { balancesAmiss: ["account 1 holds 5 and not 4"] }],
    ["an answer was wrong", { wrong: ["range#1: 3 rows and not 4"] }],
    ["an error could have been avoided", { avoidable: ["range#1: connection_failed"] }],
    ["an effect stayed unknown without need", { unknown: [{ ...later, excused: false }] }],
    ["what was said later is wrong", { unknown: [{ ...later, right: false }] }],
    ["a rejection went unhandled", { unhandled: ["Error: boom"] }],
    ["a fresh query does not work", recovery({ freshQueryMs: undefined })],
    ["a connection is still in use", recovery({ busy: 1 })],
    ["a transaction is left open", recovery({ openTransactions: 1 })],
    ["the server has a connection that the pool does not know", recovery({ strangers: 1 })],
    ["a connection outlives close()", { leakedConnections: 1 }],
    ["close() does not end", { leakedConnections: undefined }],
    ["memory grows", { options: { ...calm.options, seconds: 600 }, heap: { ...calm.heap, growthMbPerMinute: 1.5 } }],
  ])("is not ok if %s", (_, change) => {
    const { ok, failed } = summaryOf(change)
    expect(ok).toBe(false)
    expect(failed).toHaveLength(1)
  })
})

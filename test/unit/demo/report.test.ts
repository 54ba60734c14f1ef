import { describe, expect, it } from "vitest"

import { conclude, type Facts } from "../../../examples/demo/conclusion.ts"
import { faults as titles } from "../../../examples/demo/faults/all.ts"
import { nextSteps, report, serving } from "../../../examples/demo/report.ts"
import type { Tally } from "../../../examples/demo/scoreboard.ts"

const plain = (_: string, text: string) => text
const tally: Tally = {
  operations: 1_234_567,
  affected: 12_345,
  retried: 1_234,
  resolved: 12,
  surfaced: { needed: 3, avoidable: 0 },
  unknown: 2,
}
const facts: Facts = {
  seed: 4711,
  seconds: 30,
  elapsedMs: 29_800,
  total: tally,
  faults: titles.map(({ name }) => ({ ...tally, name, hits: 2, recoveryMs: 1_250, unrecovered: 0 })),
  audit: {
    acknowledged: 600_000,
    held: 600_001,
    lost: [],
    duplicated: [],
    phantom: [],
    unanswered: [],
    unknown: { applied: 1, absent: 1 },
  },
  balances: { accounts: 8, total: 8n, expectedTotal: 8n, wrong: [], halfDone: [] },
  signals: { stored: 5_075, wrongRuns: [] },
  avoidable: [],
  wrongReads: [],
  selfCheck: { plantedLossFound: true, plantedDoubleFound: true },
  unhandled: [],
  leaks: { leased: 0, waiting: 0, openTransactions: 0, heldLocks: 0, connectionsAfterClose: 0 },
}
const textOf = (some: Facts) => report(some, conclude(some), titles, plain)

describe("report", () => {
  it("has a row per fault, under its title, that fits 80 columns with large figures", () => {
    const text = textOf(facts)
    for (const { title } of titles) {
      expect(text).toContain(`  ${title.padEnd(20)}    2   12,345   1,234       12        3       2     1.3 s`)
    }
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80)
  })

  it("ends with a verdict: what was lost, doubled and unknown, and the seed to do it again", () => {
    expect(textOf(facts)).toContain("It held.  lost 0 · duplicated 0 · unknown 2 · 29.8 s · seed 4711")
  })

  it("says how many checks failed, and marks them", () => {
    const text = textOf({ ...facts, audit: { ...facts.audit, lost: ["a", "b"] } })
    expect(text).toContain("✗ nothing was lost")
    expect(text).toContain("It did not hold: 1 of 13 checks failed.  lost 2")
  })
})

describe("nextSteps", () => {
  it("offers the page", () => {
    expect(nextSteps(facts, plain)).toContain("pnpm demo --serve")
  })
})

describe("serving", () => {
  it("says where the page is, and where programs ask", () => {
    const text = serving("http://127.0.0.1:8123/", plain)
    expect(text).toMatch(/http:\/\/127\.0\.0\.1:8123\/ .*Ctrl-C/)
    expect(text).toContain("curl -s http://127.0.0.1:8123/api/database-resilience")
  })
})

import { journalWaited, journalWith, type FailedTry } from "@kysely-resilient/driver/src/failure/journal.ts"
import { describe, expect, it } from "vitest"

import { failure } from "../../../support/scripted-engine.ts"

const lost = failure("connection_failed", {
  phase: "read",
  errno: "ECONNRESET",
  message: "secret",
  cause: new Error("secret"),
})

describe("the journal of tries", () => {
  it("says of each what failed, where and for how long, and nothing that the failure quotes", () => {
    const journal = journalWith(undefined, lost, { tookMs: 12, connectionId: 3 })
    expect(journal).toEqual([
      {
        kind: "connection_failed",
        phase: "read",
        effect: "not_applied",
        errno: "ECONNRESET",
        tookMs: 12,
        connectionId: 3,
      },
    ])
    expect(journalWaited(journal, 500)).toEqual([{ ...journal[0], waitedMs: 500 }])
    expect(journalWaited([], 500)).toEqual([])
  })

  it("keeps the first ten and the last ten of however many", () => {
    let journal: FailedTry[] = []
    for (let n = 1; n <= 1_000; n += 1) journal = journalWith(journal, lost, { tookMs: n })
    const kept = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 991, 992, 993, 994, 995, 996, 997, 998, 999, 1_000]
    expect(journal.map(({ tookMs }) => tookMs)).toEqual(kept)
  })
})

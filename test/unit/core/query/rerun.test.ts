import { reasonToStop, type EndedRun } from "@kysely-resilient/core/src/query/rerun.ts"
import { describe, expect, it } from "vitest"

const hopeful: EndedRun = {
  failure: { retry: "transaction", effect: "not_applied" },
  run: 1,
  attemptsMax: 3,
  allowed: true,
  waitMs: 5,
  remainingMs: 30_000,
}

describe("a transaction's callback", () => {
  it("runs again after a conflict that left nothing behind", () => {
    expect(reasonToStop(hopeful)).toBeUndefined()
    expect(reasonToStop({ ...hopeful, run: 2 })).toBeUndefined()
  })

  it.each([
    ["it would not help", { failure: { retry: "never", effect: "not_applied" } }, "not-transient"],
    [
      "only the statement could be retried",
      { failure: { retry: "statement", effect: "not_applied" } },
      "not-transient",
    ],
    [
      "it may be applied, whatever that invites to",
      { failure: { retry: "never", effect: "unknown" } },
      "effect-unknown",
    ],
    ["it may be applied", { failure: { retry: "transaction", effect: "unknown" } }, "effect-unknown"],
    ["it is applied", { failure: { retry: "transaction", effect: "applied" } }, "not-transient"],
    [
      "it is applied here, not on the standby",
      { failure: { retry: "transaction", effect: "applied_locally" } },
      "not-transient",
    ],
    ["its caller has switched that off", { allowed: false }, "switched-off"],
    ["it has run often enough", { run: 3 }, "attempts-spent"],
    ["its failure allows fewer", { run: 2, failure: { ...hopeful.failure, retriesMax: 1 } }, "attempts-spent"],
    ["the deadline is nearer than the wait", { waitMs: 100, remainingMs: 100 }, "deadline-near"],
  ] as const)("does not run again when %s", (_, change, because) => {
    expect(reasonToStop({ ...hopeful, ...change })).toBe(because)
  })
})

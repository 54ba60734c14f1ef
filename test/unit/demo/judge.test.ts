import { describe, expect, it } from "vitest"

import { judge, toldBy } from "../../../examples/demo/judge.ts"

type Judged = Parameters<typeof judge>[0]

const lost: Judged = {
  effect: "not_applied",
  category: "availability",
  kind: "connection_failed",
}

describe("judge", () => {
  it.each<[string, Partial<Judged>, ReturnType<typeof judge>]>([
    ["a lost connection", {}, "avoidable"],
    ["a pool without a free connection", { category: "limit", kind: "pool_timeout" }, "avoidable"],
    ["a deadline that passed", { category: "limit", kind: "deadline_exceeded" }, "avoidable"],
    ["a deadlock", { category: "conflict", kind: "deadlock_detected" }, "avoidable"],
    ["a statement that was refused", { category: "request", kind: "refused" }, "avoidable"],
    ["an answer that cannot be read", { category: "result", kind: "decode_failed" }, "avoidable"],
    ["a bug", { category: "bug", kind: "protocol_violation" }, "avoidable"],
    ["a payment beyond the balance", { category: "constraint", kind: "check_violation" }, "needed"],
    ["an entry that is there already", { category: "constraint", kind: "unique_violation" }, "avoidable"],
    ["a division by zero", { category: "request", kind: "data_exception" }, "needed"],
    ["somebody's cancel", { category: "limit", kind: "query_canceled" }, "needed"],
    ["a failure that the caller swallowed", { category: "conflict", kind: "transaction_aborted" }, "needed"],
    ["a write nobody knows about", { effect: "unknown" }, "unknown"],
  ])("takes %s for what it is", (_, change, outcome) => {
    expect(judge({ ...lost, ...change }, "transfer")).toBe(outcome)
  })

  it("excuses a stream that was cut after it had delivered rows, and no other", () => {
    expect(judge(lost, "stream", 1)).toBe("needed")
    expect(judge(lost, "stream", 0)).toBe("avoidable")
  })

  it("accepts no unknown effect of something that only reads", () => {
    expect(judge({ ...lost, effect: "unknown" }, "read")).toBe("avoidable")
  })
})

describe("toldBy", () => {
  it.each([
    ["not_applied", "failed"],
    ["applied", "ok"],
    ["applied_locally", "ok"],
    ["unknown", "unknown"],
  ] as const)("takes %s at its word", (effect, told) => {
    expect(toldBy({ effect })).toBe(told)
  })
})

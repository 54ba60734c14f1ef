import {
  planRepair,
  type LeftBy,
  type OrphanPolicy,
  type Repair,
} from "@kysely-resilient/driver/src/postgres/repair.ts"
import type { TransactionStatus } from "@kysely-resilient/driver/src/postgres/exchange.ts"
import { describe, expect, it } from "vitest"

describe("planRepair", () => {
  const table: [TransactionStatus, LeftBy, OrphanPolicy, Repair][] = [
    ["I", "us", "rollback", "none"],
    ["I", "us", "commit", "none"],
    ["I", "us", "discard", "none"],
    ["I", "raw-unharmed", "rollback", "none"],
    ["I", "raw-unharmed", "commit", "none"],
    ["I", "raw-unharmed", "discard", "none"],
    ["I", "raw-failed", "rollback", "none"],
    ["I", "raw-failed", "commit", "none"],
    ["I", "raw-failed", "discard", "none"],
    ["T", "us", "rollback", "rollback"],
    ["T", "us", "commit", "rollback"],
    ["T", "us", "discard", "rollback"],
    ["T", "raw-unharmed", "rollback", "rollback"],
    ["T", "raw-unharmed", "commit", "commit"],
    ["T", "raw-unharmed", "discard", "discard"],
    ["T", "raw-failed", "rollback", "rollback"],
    ["T", "raw-failed", "commit", "rollback"],
    ["T", "raw-failed", "discard", "discard"],
    ["E", "us", "rollback", "rollback"],
    ["E", "us", "commit", "rollback"],
    ["E", "us", "discard", "rollback"],
    ["E", "raw-unharmed", "rollback", "rollback"],
    ["E", "raw-unharmed", "commit", "rollback"],
    ["E", "raw-unharmed", "discard", "discard"],
    ["E", "raw-failed", "rollback", "rollback"],
    ["E", "raw-failed", "commit", "rollback"],
    ["E", "raw-failed", "discard", "discard"],
  ]

  it.each(table)("status %s, left by %s, policy %s: %s", (status, leftBy, policy, repair) => {
    expect(planRepair(status, leftBy, policy)).toBe(repair)
  })

  it("says of a policy that is none whose fault that is", () => {
    expect(() => planRepair("T", "raw-failed", "keep" as never)).toThrow("bug: unexpected")
  })
})

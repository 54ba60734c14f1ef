import type { Held } from "@kysely-resilient/cli/src/drill/audit.ts"
import { judgeLater, type Asked } from "@kysely-resilient/cli/src/drill/later.ts"
import { describe, expect, it } from "vitest"

const unknown: Omit<Asked, "said"> = {
  token: { worker: 1, seq: 4 },
  trouble: { kind: "connection_failed", effect: "unknown", because: "effect-unknown", attempts: 1, message: "lost" },
  operation: {
    kind: "insert",
    label: "insert#9",
    startedAt: 0,
    endedAt: 10,
    overdueAt: 99,
    troubledAt: 0,
    resolved: false,
    hung: false,
    outcome: "unknown",
  },
}

function rightIf(said: string, there: boolean, resolution: "xid" | "marker" = "xid"): boolean | undefined {
  const held: Held[] = there ? [{ worker: 1, seq: 4, rows: 1 }] : []
  return judgeLater([{ ...unknown, said }], held, resolution, () => false)[0]?.right
}

describe("what is said later of an effect that nobody knew", () => {
  it.each([
    ["applied", true, true],
    ["applied", false, false],
    ["not_applied", true, false],
    ["not_applied", false, true],
    ["unknown", true, true],
    ["unknown", false, true],
    ["no token", true, false],
    ["the database could not be reached", false, false],
  ])("%s, while it is there: %s, is right: %s", (said, there, right) => {
    expect(rightIf(said, there)).toBe(right)
  })

  it("is always known with markers", () => {
    expect([rightIf("unknown", true, "marker"), rightIf("unknown", false, "marker")]).toEqual([false, false])
  })
})

import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { auditBalances, type Account, type Moved } from "../../../examples/demo/balances.ts"

const OPENING = 1_000n
const ids = ["a", "b", "c", "d"] as const

const transfers = fc.array(
  fc.record({ from: fc.constantFrom(...ids), to: fc.constantFrom(...ids), amount: fc.bigInt({ min: 1n, max: 500n }) }),
  { maxLength: 50, size: "max" },
)

function bookedHonestly(moved: readonly Moved[]): Account[] {
  const balances = new Map<string, bigint>(ids.map((id) => [id, OPENING]))
  for (const { from, to, amount } of moved) {
    balances.set(from, balances.get(from)! - amount)
    balances.set(to, balances.get(to)! + amount)
  }
  return [...balances].map(([id, balance]) => ({ id, balance }))
}

describe("auditBalances", () => {
  it("agrees with balances that come from the recorded transfers", () => {
    fc.assert(
      fc.property(transfers, (moved) => {
        const result = auditBalances(OPENING, bookedHonestly(moved), moved)
        expect(result.wrong).toEqual([])
        expect(result.total).toBe(result.expectedTotal)
      }),
    )
  })

  it("sees a transfer that moved money twice, although the total still agrees", () => {
    fc.assert(
      fc.property(transfers, fc.nat(), (moved, which) => {
        const victim = moved[which % Math.max(1, moved.length)]
        fc.pre(victim !== undefined && victim.from !== victim.to)
        const result = auditBalances(OPENING, bookedHonestly([...moved, victim]), moved)
        expect(result.total).toBe(result.expectedTotal)
        expect(result.wrong.map(({ id }) => id).toSorted()).toEqual([victim.from, victim.to].toSorted())
      }),
    )
  })

  it("sees half a transfer in the total too", () => {
    const halved = [
      { id: "a", balance: OPENING - 10n },
      { id: "b", balance: OPENING },
    ]
    const result = auditBalances(OPENING, halved, [])
    expect(result.total).toBe(result.expectedTotal - 10n)
    expect(result.wrong).toEqual([{ id: "a", balance: OPENING - 10n, expected: OPENING }])
  })
})

import { describe, expect, it } from "vitest"

import type { Slot } from "@kysely-resilient/driver/src/pool/slot.ts"
import { planUpkeep } from "@kysely-resilient/driver/src/pool/upkeep.ts"

const idleTimeoutMs = 100

function slot(id: number, times: { readonly idleSince: number; readonly expiresAt?: number }): Slot<string> {
  const { idleSince, expiresAt = 10_000 } = times
  return {
    resource: `r${id}`,
    id,
    generation: 0,
    expiresAt,
    openedAt: 0,
    idleSince,
    provenAt: idleSince,
    leasedAt: 0,
    uses: 0,
    lost: false,
    resting: true,
  }
}

function plan(idle: readonly Slot<string>[], now: number, spare: number) {
  const { discards, nextAt } = planUpkeep(idle, now, { idleTimeoutMs, spare })
  return { discards: discards.map((discard) => [discard.slot.id, discard.reason]), nextAt }
}

describe("planUpkeep", () => {
  it("has nothing to do for nothing", () => {
    expect(plan([], 500, 3)).toEqual({ discards: [], nextAt: Infinity })
  })

  it("lets go of the longest unwanted first, and of no more than can be spared", () => {
    const idle = [slot(1, { idleSince: 30 }), slot(2, { idleSince: 10 }), slot(3, { idleSince: 20 })]
    expect(plan(idle, 500, 2).discards).toEqual([
      [2, "idle"],
      [3, "idle"],
    ])
    expect(plan(idle, 500, 0).discards).toEqual([])
    expect(plan(idle, 500, -1).discards).toEqual([])
  })

  it("says when the next one has been unwanted for long enough", () => {
    const idle = [slot(1, { idleSince: 30 }), slot(2, { idleSince: 10 }), slot(3, { idleSince: 20 })]
    expect(plan(idle, 110, 2)).toEqual({ discards: [[2, "idle"]], nextAt: 120 })
    expect(plan(idle, 109, 2)).toEqual({ discards: [], nextAt: 110 })
    expect(plan(idle, 110, 0)).toEqual({ discards: [], nextAt: 10_000 })
  })

  it("lets go of what is at the end of its lifetime though it cannot be spared", () => {
    const idle = [slot(1, { idleSince: 0, expiresAt: 200 }), slot(2, { idleSince: 0, expiresAt: 201 })]
    expect(plan(idle, 200, -1)).toEqual({ discards: [[1, "lifetime"]], nextAt: 201 })
  })

  it("counts what ends of age among what can be spared", () => {
    const idle = [slot(1, { idleSince: 50, expiresAt: 200 }), slot(2, { idleSince: 0 }), slot(3, { idleSince: 10 })]
    expect(plan(idle, 200, 2).discards).toEqual([
      [1, "lifetime"],
      [2, "idle"],
    ])
  })

  it("leaves the list as it is", () => {
    const idle = [slot(1, { idleSince: 30 }), slot(2, { idleSince: 10 })]
    plan(idle, 500, 2)
    expect(idle.map(({ id }) => id)).toEqual([1, 2])
  })
})

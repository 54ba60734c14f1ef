import { describe, expect, it } from "vitest"

import { doomOf, lifetimeMs, type Slot } from "@kysely-resilient/driver/src/pool/slot.ts"

const slot: Slot<string> = {
  resource: "r",
  id: 1,
  generation: 4,
  expiresAt: 1_000,
  openedAt: 0,
  idleSince: 0,
  provenAt: 0,
  leasedAt: 0,
  uses: 0,
  lost: false,
  resting: false,
}
const calm = { now: 999, closed: false, generation: 4, full: false }

describe("doomOf", () => {
  it("finds nothing wrong with one that is fit", () => expect(doomOf(slot, calm)).toBeUndefined())

  it("lets one be used again until it has been used often enough", () =>
    expect(doomOf({ ...slot, uses: 2 }, { ...calm, usesMax: 3 })).toBeUndefined())

  it.each([
    ["the pool is closed", {}, { closed: true, generation: 5, full: true }, "closing"],
    ["it died in use", { lost: true }, { generation: 5 }, "died"],
    ["it is of an older generation", {}, { generation: 5, now: 1_000 }, "generation"],
    ["its lifetime is over", {}, { now: 1_000, full: true }, "lifetime"],
    ["it has been used often enough", { uses: 3 }, { usesMax: 3, full: true }, "lifetime"],
    ["there are max without it", {}, { full: true }, "surplus"],
  ] as const)("gives the first reason that holds: %s", (_, change, circumstances, reason) => {
    expect(doomOf({ ...slot, ...change }, { ...calm, ...circumstances })).toBe(reason)
  })
})

describe("lifetimeMs", () => {
  it("spreads lifetimes over ten per cent either way", () => {
    expect(lifetimeMs(1_000, 0)).toBe(900)
    expect(lifetimeMs(1_000, 0.5)).toBe(1_000)
    expect(lifetimeMs(1_000, 1)).toBeCloseTo(1_100)
    expect(lifetimeMs(Infinity, 0.3)).toBe(Infinity)
  })
})

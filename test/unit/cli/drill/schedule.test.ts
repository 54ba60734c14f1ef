import { faults } from "@kysely-resilient/cli/src/drill/faults/all.ts"
import { scheduleOf, together, type Entry } from "@kysely-resilient/cli/src/drill/schedule.ts"
import { describe, expect, it } from "vitest"

function first(count: number, seed: number): Entry[] {
  const entries: Entry[] = []
  for (const entry of scheduleOf(faults, seed)) {
    if (entries.push(entry) === count) break
  }
  return entries
}

const named = (entries: readonly Entry[]) =>
  entries.map(({ faults: playing, gapMs }) => [gapMs, ...playing.map(({ fault, seed }) => `${fault.name} ${seed}`)])

describe("the schedule of a drill", () => {
  it("depends on the seed and on nothing else", () => {
    expect(named(first(100, 7))).toEqual(named(first(100, 7)))
    expect(named(first(100, 7))).not.toEqual(named(first(100, 8)))
  })

  it("plays every fault once before any comes again", () => {
    const played = first(200, 3).flatMap(({ faults: playing }) => playing.map(({ fault }) => fault.name))
    expect(new Set(played.slice(0, faults.length)).size).toBe(faults.length)
  })

  it("lets two play at once now and then, and never two that need the same thing", () => {
    const pairs = first(1_000, 5).filter(({ faults: playing }) => playing.length === 2)
    expect(pairs.length).toBeGreaterThan(100)
    for (const { faults: playing } of pairs) {
      const [one, other] = playing.map(({ fault }) => fault)
      expect(together(one!, other!), `${one!.name} and ${other!.name}`).toBe(true)
      expect([one!.claims, other!.claims]).not.toContain("alone")
    }
  })

  it("has a name of its own for every fault", () => {
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length)
    expect(new Set(faults.map(({ title }) => title)).size).toBe(faults.length)
  })
})

import { BUGGIFY_KINDS, type BuggifyKind } from "@kysely-resilient/driver/src/foundation/buggify-kind.ts"
import { Strikes, type BuggifyPlan } from "@kysely-resilient/driver/src/policy/strikes.ts"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

const plan: BuggifyPlan = { seed: 42, probability: 0.05, kinds: BUGGIFY_KINDS, slowMs: 100 }
const made = (change: Partial<BuggifyPlan> = {}): Strikes => new Strikes({ ...plan, ...change }, () => {})
const first = (count: number, strikes: Strikes, kind: BuggifyKind): boolean[] =>
  Array.from({ length: count }, () => strikes.strikes(kind))

describe("strikes", () => {
  it("come as often as asked for, for every kind and seed", () => {
    for (const kind of BUGGIFY_KINDS) {
      for (const seed of [0, 1, 42, 4_294_967_295]) {
        const struck = first(20_000, made({ seed }), kind).filter(Boolean).length
        // Binomial: 1,000 expected, 31 the deviation; five of them.
        expect(struck, `${kind}, seed ${seed}`).toBeGreaterThan(845)
        expect(struck, `${kind}, seed ${seed}`).toBeLessThan(1_155)
      }
    }
  })

  it("always come with probability 1, and never for a kind that is not asked for", () => {
    expect(first(50, made({ probability: 1 }), "deadlock")).toEqual(Array(50).fill(true))
    expect(first(50, made({ probability: 1, kinds: ["deadlock"] }), "answer-lost")).toEqual(Array(50).fill(false))
  })

  it("are the same for the same seed, whatever the other kinds do in between", () => {
    const kinds = fc.array(fc.constantFrom(...BUGGIFY_KINDS), { size: "max", maxLength: 300 })
    fc.assert(
      fc.property(fc.nat(), kinds, (seed, order) => {
        const mixed = made({ seed, probability: 0.5 })
        const told = new Map<BuggifyKind, boolean[]>()
        for (const kind of order) told.set(kind, [...(told.get(kind) ?? []), mixed.strikes(kind)])
        for (const [kind, strikes] of told) {
          expect(strikes).toEqual(first(strikes.length, made({ seed, probability: 0.5, kinds: [kind] }), kind))
        }
      }),
    )
  })

  it("are others for another seed, and for another kind", () => {
    const of = (seed: number, kind: BuggifyKind): string => first(200, made({ seed }), kind).join()
    const all = [1, 2, 3].flatMap((seed) => BUGGIFY_KINDS.map((kind) => of(seed, kind)))
    expect(new Set(all).size).toBe(3 * BUGGIFY_KINDS.length)
  })

  it("are told, before they are done", () => {
    const told: unknown[] = []
    const strikes = new Strikes({ ...plan, probability: 1 }, (kind, id) => told.push([kind, id]))
    strikes.strikes("commit-lost", 7)
    strikes.strikes("opening-refused")
    expect(told).toEqual([
      ["commit-lost", 7],
      ["opening-refused", undefined],
    ])
  })

  it("last at least a millisecond and at most as long as asked for", () => {
    const strikes = made({ probability: 1, slowMs: 30 })
    const lengths = Array.from({ length: 500 }, () => {
      strikes.strikes("slow-answer")
      return strikes.durationMs("slow-answer")
    })
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(30)
    expect(new Set(lengths).size).toBeGreaterThan(400)
  })
})

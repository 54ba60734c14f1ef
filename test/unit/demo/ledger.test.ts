import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { agrees, audit, Ledger, type Told } from "../../../examples/demo/ledger.ts"

type Answer = Exclude<Told, "pending">

/** An honest history: what is told and what is held agree; of the unknown ones some are there and some are not. */
const honest = fc
  .uniqueArray(fc.tuple(fc.uuid(), fc.constantFrom<Answer>("ok", "failed", "unknown"), fc.boolean()), {
    selector: ([id]) => id,
    minLength: 1,
    size: "max",
    maxLength: 200,
  })
  .map((writes) => ({
    told: new Map(writes.map(([id, answer]): [string, Told] => [id, answer])),
    held: writes.filter(([, answer, there]) => answer === "ok" || (answer === "unknown" && there)).map(([id]) => id),
  }))

const first = (told: ReadonlyMap<string, Told>, answer: Told) => [...told].find(([, given]) => given === answer)?.[0]

describe("audit", () => {
  it("agrees with every honest history", () => {
    fc.assert(
      fc.property(honest, ({ told, held }) => {
        const result = audit(told, held)
        expect(agrees(result)).toBe(true)
        expect(result.unknown.applied + result.unknown.absent).toBe(
          [...told.values()].filter((answer) => answer === "unknown").length,
        )
      }),
    )
  })

  it("names a single acknowledged write that is not there", () => {
    fc.assert(
      fc.property(honest, ({ told, held }) => {
        const victim = first(told, "ok")
        fc.pre(victim !== undefined)
        const result = audit(told, held.filter((id) => id !== victim)) // prettier-ignore
        expect(result.lost).toEqual([victim])
        expect(agrees(result)).toBe(false)
      }),
    )
  })

  it("names a single write that is there twice, acknowledged or not", () => {
    fc.assert(
      fc.property(honest, fc.nat(), fc.nat(), ({ told, held }, which, where) => {
        fc.pre(held.length > 0)
        const victim = held[which % held.length]!
        const doubled = held.toSpliced(where % held.length, 0, victim)
        const result = audit(told, doubled)
        expect(result.duplicated).toEqual([victim])
        expect(agrees(result)).toBe(false)
      }),
    )
  })

  it("names a write that is there although its caller was told that it failed", () => {
    fc.assert(
      fc.property(honest, ({ told, held }) => {
        const victim = first(told, "failed")
        fc.pre(victim !== undefined)
        const result = audit(told, [...held, victim])
        expect(result.phantom).toEqual([victim])
        expect(agrees(result)).toBe(false)
      }),
    )
  })

  it("names a write that nobody asked for", () => {
    const result = audit(new Map(), ["stranger"])
    expect(result.phantom).toEqual(["stranger"])
    expect(agrees(result)).toBe(false)
  })

  it("names a write that nobody ever answered, whether or not it is there", () => {
    const told = new Map<string, Told>([["silent", "pending"]])
    for (const held of [[], ["silent"]]) {
      const result = audit(told, held)
      expect(result.unanswered).toEqual(["silent"])
      expect(agrees(result)).toBe(false)
    }
  })

  it("counts an unknown write as honest both ways, but not twice", () => {
    const told = new Map<string, Told>([
      ["there", "unknown"],
      ["absent", "unknown"],
    ])
    expect(audit(told, ["there"]).unknown).toEqual({ applied: 1, absent: 1 })
    expect(agrees(audit(told, ["there"]))).toBe(true)
    expect(agrees(audit(told, ["there", "there"]))).toBe(false)
  })
})

describe("Ledger", () => {
  it("holds a write as unanswered from before it is sent until its caller is told", () => {
    const ledger = new Ledger()
    ledger.announce("a")
    expect(ledger.told.get("a")).toBe("pending")
    ledger.settle("a", "ok")
    expect(ledger.told.get("a")).toBe("ok")
  })
})

import { nextStep, NOTHING_SEEN, type Course, type Sight } from "@kysely-resilient/driver/src/resolution/course.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const patience = { giveUpAt: 30_000, outageWaitMs: 5_000, pauseMaxMs: 250 }
const idle = { processId: 7, awaitsStandby: false, active: false }
const running = { ...idle, active: true }
const waiting = { ...running, awaitsStandby: true }
const unreachable: Sight = { effect: "unreachable", why: "nobody answers" }
const still = (backend?: typeof idle): Sight => ({
  effect: "undecided",
  why: "it is in progress",
  ...(backend !== undefined && { backend }),
})

/** What is done after each of these sights. */
function steps(...sights: readonly (readonly [at: number, sight: Sight])[]) {
  let course: Course = NOTHING_SEEN
  return sights.map(([at, sight]) => {
    const next = nextStep(course, sight, at, patience)
    course = next.course
    return next.step
  })
}

describe("what is known", () => {
  it.each([
    { effect: "applied" },
    { effect: "applied", affected: 3n },
    { effect: "applied_locally" },
    { effect: "not_applied" },
    { effect: "unknown", why: "nobody can know" },
  ] as const)("is answered: %o", (finding) => {
    expect(steps([0, finding])).toEqual([{ do: "answer", finding, final: true }])
  })

  it("is known here only, if its COMMIT was seen waiting for the standby", () => {
    expect(steps([0, still(waiting)], [10, { effect: "applied" }]).at(-1)).toEqual({
      do: "answer",
      finding: { effect: "applied_locally" },
      final: true,
    })
    expect(steps([0, still(waiting)], [10, { effect: "not_applied" }]).at(-1)).toMatchObject({
      finding: { effect: "not_applied" },
    })
  })
})

describe("what is committed here, and is to be on the standby too,", () => {
  const committed: Sight = { effect: "committed", affected: 3n }

  it("is confirmed before it is said to be applied", () => {
    expect(steps([100, committed], [200, { effect: "confirmed" }])).toEqual([
      { do: "confirm", untilAt: 5_100 },
      { do: "answer", finding: { effect: "applied", affected: 3n }, final: true },
    ])
  })

  it("is confirmed, whatever wait for the standby was seen before", () => {
    expect(steps([0, still(waiting)], [10, committed], [20, { effect: "confirmed" }]).at(-1)).toMatchObject({
      finding: { effect: "applied" },
    })
  })

  it("is known here only, if the standby does not confirm it", () => {
    expect(steps([0, committed], [10, { effect: "unconfirmed" }]).at(-1)).toEqual({
      do: "answer",
      finding: { effect: "applied_locally", affected: 3n },
      final: true,
    })
  })

  it("is asked for again where the standby could not be asked: another server may have taken over", () => {
    expect(steps([0, committed], [100, unreachable], [200, committed], [300, { effect: "not_applied" }])).toEqual([
      { do: "confirm", untilAt: 5_000 },
      { do: "look-again", waitMs: 20 },
      { do: "confirm", untilAt: 5_000 },
      { do: "answer", finding: { effect: "not_applied" }, final: true },
    ])
  })

  it("is known here only, when nobody waits any longer", () => {
    const here = { do: "answer", finding: { effect: "applied_locally", affected: 3n }, final: true }
    expect(steps([0, committed], [5_000, committed]).at(-1)).toEqual(here)
    expect(steps([29_000, committed]).at(-1)).toEqual({ do: "confirm", untilAt: 30_000 })
    expect(steps([29_000, committed], [30_000, unreachable]).at(-1)).toEqual(here)
  })
})

describe("what is in progress", () => {
  it("and does nothing is ended at once: its COMMIT has not arrived", () => {
    expect(steps([0, still(idle)])).toEqual([{ do: "terminate" }])
  })

  it("and runs something has a moment to end by itself", () => {
    expect(steps([0, still(running)], [100, still(running)], [250, still(running)])).toEqual([
      { do: "look-again", waitMs: 10 },
      { do: "look-again", waitMs: 20 },
      { do: "terminate" },
    ])
  })

  it("has that moment again after each end that did not end it", () => {
    expect(steps([0, still(running)], [250, still(running)], [300, still(running)], [500, still(running)])).toEqual([
      { do: "look-again", waitMs: 10 },
      { do: "terminate" },
      { do: "look-again", waitMs: 40 },
      { do: "terminate" },
    ])
  })

  it("and waits for the standby is left alone", () => {
    expect(steps([0, still(waiting)], [29_000, still(waiting)]).map((step) => step.do)).toEqual([
      "look-again",
      "look-again",
    ])
  })

  it("and is shown by no backend is looked at again", () => {
    expect(steps([0, still()], [20, still()])).toEqual([
      { do: "look-again", waitMs: 10 },
      { do: "look-again", waitMs: 20 },
    ])
  })
})

describe("patience", () => {
  it("ends when there is no time left, and says what was seen last", () => {
    expect(steps([29_990, still()], [30_000, still()])).toEqual([
      { do: "look-again", waitMs: 10 },
      { do: "answer", finding: { effect: "unknown", why: "it is in progress" }, final: false },
    ])
  })

  it("that ends while it waits for the standby says that it is committed here", () => {
    expect(steps([0, still(waiting)], [30_000, still(waiting)]).at(-1)).toEqual({
      do: "answer",
      finding: { effect: "applied_locally" },
      final: true,
    })
  })

  it("never waits beyond its end", () => {
    expect(steps([29_995, still()])).toEqual([{ do: "look-again", waitMs: 5 }])
  })

  it("with a server that cannot be reached ends sooner", () => {
    expect(steps([0, unreachable], [4_999, unreachable], [5_000, unreachable]).map((step) => step.do)).toEqual([
      "look-again",
      "look-again",
      "answer",
    ])
  })

  it("counts an outage from its beginning, and not the time before it", () => {
    const seen = steps(
      [0, unreachable],
      [3_000, still()],
      [4_000, unreachable],
      [8_999, unreachable],
      [9_000, unreachable],
    )
    expect(seen.map((step) => step.do)).toEqual(["look-again", "look-again", "look-again", "look-again", "answer"])
  })

  it("looks ever more rarely, and never more rarely than it may", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (looks) => {
        const { step } = nextStep({ ...NOTHING_SEEN, looks }, still(), 0, patience)
        expect(step).toEqual({ do: "look-again", waitMs: Math.min(250, 10 * 2 ** looks) })
      }),
    )
  })
})

describe("whatever is seen", () => {
  const sight = fc.oneof(
    fc.constantFrom<Sight>(
      unreachable,
      still(),
      still(idle),
      still(running),
      still(waiting),
      { effect: "applied" },
      { effect: "committed" },
      { effect: "confirmed" },
      { effect: "unconfirmed" },
      { effect: "not_applied" },
      { effect: "unknown", why: "nobody can know" },
    ),
  )

  it("no backend that waits for the standby is ended, and no answer is given that was not seen", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), sight), { minLength: 1, maxLength: 60, size: "max" }), (seen) => {
        let at = 0
        const timed = seen.map(([after, one]) => [(at += after), one] as const)
        let awaited = false
        for (const [index, step] of steps(...timed).entries()) {
          const [now, one] = timed[index]!
          const backend = one.effect === "undecided" ? one.backend : undefined
          awaited ||= backend?.awaitsStandby === true || one.effect === "committed"
          if (step.do === "terminate") expect(backend).toMatchObject({ awaitsStandby: false })
          if (step.do === "look-again") expect(now + step.waitMs).toBeLessThanOrEqual(patience.giveUpAt)
          if (step.do === "confirm")
            expect([one.effect, step.untilAt <= patience.giveUpAt]).toEqual(["committed", true])
          if (step.do !== "answer") continue
          if (step.final) {
            const asked = one.effect === "undecided" || one.effect === "unreachable" || one.effect === "committed"
            const locally = one.effect === "unconfirmed" || (awaited && (asked || one.effect === "applied"))
            const confirmed = one.effect === "confirmed" ? "applied" : one.effect
            expect(step.finding.effect).toBe(locally ? "applied_locally" : confirmed)
          } else expect([step.finding.effect, awaited]).toEqual(["unknown", false])
        }
      }),
    )
  })
})

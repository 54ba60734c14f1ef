import { sheds } from "@kysely-resilient/driver/src/pool/shedding.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { Fixture, type Caller } from "./pool-fixture.ts"

const shedding = { targetMs: 100, intervalMs: 1_000 }

describe("whoever is first in line", () => {
  it.each([
    ["has waited long, in a line that has stood long", 1_000, 101, true],
    ["has waited long, in a line that is a burst", 999, 999, false],
    ["has not waited long", 60_000, 100, false],
  ] as const)("%s: %i, %i", (_, standingMs, waitedMs, gives) => {
    expect(sheds(shedding, standingMs, waitedMs)).toBe(gives)
  })
})

/** One connection, which is used for `everyMs` by everybody in turn; `count` come at once, and one more each `arrivesMs`. */
async function overload(f: Fixture, everyMs: number, arrivesMs: number, lastsMs: number): Promise<Caller[]> {
  const callers = [await f.served()]
  let using = callers[0]
  for (let at = 0; at < lastsMs; at += 1) {
    if (at % arrivesMs === 0) callers.push(f.acquire())
    if (at % everyMs === 0 && using !== undefined) {
      const { thing } = using
      f.pool.giveBack(thing, "keep")
      await f.clock.settle()
      using = callers.findLast((caller) => caller.outcome?.ok === true && caller !== using)
    }
    await f.clock.advance(1)
  }
  return callers
}

const answered = (callers: readonly Caller[]): { served: number; shed: number } => ({
  served: callers.filter(({ outcome }) => outcome?.ok === true).length,
  shed: callers.filter(({ outcome }) => outcome?.ok === false).length,
})

describe("lasting overload", () => {
  it("is waited for by everybody, if nobody has asked for more", async () => {
    const f = new Fixture({ max: 1, waitersMax: 10_000 })
    const callers = await overload(f, 10, 5, 5_000)
    expect(answered(callers).shed).toBe(0)
    expect(callers.filter(({ waits }) => waits)).not.toHaveLength(0)
  })

  it("serves as many as without, and of those who come later nobody waits long", async () => {
    const [f, plain] = [
      new Fixture({ max: 1, waitersMax: 10_000, shedding }),
      new Fixture({ max: 1, waitersMax: 10_000 }),
    ]
    const [callers, waiting] = [await overload(f, 10, 5, 5_000), await overload(plain, 10, 5, 5_000)]
    expect(answered(callers).served).toBe(answered(waiting).served)
    expect(answered(callers).shed).toBeGreaterThan(400)
    // What is left is what came within the target, and what one use takes.
    expect(f.pool.stats().waiting).toBeLessThanOrEqual((100 + 10) / 5 + 1)
    expect(plain.pool.stats().waiting).toBeGreaterThan(400)
  })

  it("tells who is given up why, and when to come back", async () => {
    const f = new Fixture({ max: 1, shedding })
    const user = await f.served()
    const [first, second] = [f.acquire(), f.acquire()]
    await f.clock.advance(1_200)
    f.pool.giveBack(user.thing, "keep")
    await f.clock.settle()
    expect(first.failure).toMatchObject({
      kind: "pool_timeout",
      retry: "statement",
      effect: "not_applied",
      retryAfterMs: 1_000,
    })
    expect(first.failure.message).toMatch(/for 1200 ms already.*pool\.shedding/)
    expect(second.thing).toBe(user.thing)
  })
})

describe("nobody is given up", () => {
  it("for nobody: the last in line is served, however long he has waited", async () => {
    const f = new Fixture({ max: 1, shedding })
    const user = await f.served()
    const callers = [f.acquire(), f.acquire(), f.acquire()]
    await f.clock.advance(20_000)
    f.pool.giveBack(user.thing, "keep")
    await f.clock.settle()
    expect(callers.map(({ outcome }) => outcome?.ok)).toEqual([false, false, true])
  })

  it("who holds something already", async () => {
    const f = new Fixture({ max: 2, shedding })
    const [user, held] = [await f.served(), await f.served()]
    const inside = f.acquire({ holder: { holds: (thing) => thing === held.thing } })
    const outside = f.acquire()
    await f.clock.advance(20_000)
    f.pool.giveBack(user.thing, "keep")
    await f.clock.settle()
    expect([inside.outcome?.ok, outside.waits]).toEqual([true, true])
  })

  it("in a burst: the line was empty a moment ago", async () => {
    const f = new Fixture({ max: 1, shedding })
    const user = await f.served()
    const early = f.acquire()
    await f.clock.advance(900)
    f.pool.giveBack(user.thing, "keep")
    await f.clock.settle()
    const burst = [f.acquire(), f.acquire()]
    await f.clock.advance(999)
    f.pool.giveBack(early.thing, "keep")
    await f.clock.settle()
    expect(burst.map(({ outcome }) => outcome?.ok)).toEqual([true, undefined])
  })

  it("property: before the line has stood for long, nor after a short wait, nor while something is free", async () => {
    const step = fc.record({ passes: fc.nat(400), do: fc.constantFrom("come", "come", "leave") })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 60, size: "max" }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, max) => {
          const f = new Fixture({ max, shedding })
          const users = await Promise.all(Array.from({ length: max }, () => f.served()))
          const line: { readonly caller: Caller; readonly joinedAt: number }[] = []
          let standingSince = 0
          for (const { passes, do: what } of steps) {
            await f.clock.advance(passes)
            const now = f.clock.now()
            const waiting = (): typeof line => line.filter(({ caller }) => caller.waits)
            if (what === "come") {
              if (waiting().length === 0) standingSince = now
              const caller = f.acquire()
              if (caller.outcome?.ok === true) users.push(caller)
              else line.push({ caller, joinedAt: now })
              continue
            }
            const before = waiting()
            const user = users.shift()
            if (user === undefined) continue
            f.pool.giveBack(user.thing, "keep")
            await f.clock.settle()
            const served = before.filter(({ caller }) => caller.outcome?.ok === true)
            users.push(...served.map(({ caller }) => caller))
            expect(served).toHaveLength(Math.min(1, before.length))
            for (const { caller, joinedAt } of before) {
              if (caller.outcome?.ok !== false) continue
              expect(now - joinedAt).toBeGreaterThan(shedding.targetMs)
              expect(now - standingSince).toBeGreaterThanOrEqual(shedding.intervalMs)
            }
          }
          expect(f.pool.stats().idle === 0 || f.pool.stats().waiting === 0).toBe(true)
        },
      ),
      { numRuns: 150 },
    )
  })
})

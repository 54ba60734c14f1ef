import { deadlineAfter } from "@kysely-resilient/driver/src/foundation/deadline.ts"
import { DEFAULT_CIRCUIT } from "@kysely-resilient/driver/src/policy/circuit.ts"
import { probePauseMs } from "@kysely-resilient/driver/src/policy/probing.ts"
import { describe, expect, it } from "vitest"

import { Fixture, unreachable, type Caller } from "./pool-fixture.ts"

const CALLERS = 1_000
const OUTAGE_MS = 30_000
const CONNECT_MS = 5_000
/** What a server that comes back may have been asked meanwhile by one process. */
const GOAL = 150

/** At the pace of the real thing, with all of its chances at their worst. */
class StormFixture extends Fixture {
  constructor() {
    const patience = { acquireTimeoutMs: 60_000, outageWaitMs: 60_000 }
    super({ min: 2, max: 20, waitersMax: 100_000, ...patience }, { ...DEFAULT_CIRCUIT, afterMs: 60_000, gapMs: 7_000 })
  }

  override outageDelayMs(attempt: number, outageMs: number): number {
    return probePauseMs(attempt, outageMs, () => 1 - Number.EPSILON)
  }

  /** Every opening fails, as soon as it is begun. */
  async refuse(ms: number): Promise<void> {
    const until = this.clock.now() + ms
    while (this.clock.now() < until) {
      while (this.resources.openings.length > 0) await this.fails(unreachable)
      await this.clock.advance(1)
    }
  }
}

async function expectServed(fixture: StormFixture, callers: readonly Caller[]): Promise<void> {
  while (callers.some((caller) => caller.waits)) {
    while (fixture.resources.openings.length > 0) await fixture.opens()
    for (const thing of fixture.pool.leased()) fixture.pool.giveBack(thing, "keep")
    await fixture.clock.advance(1)
    // First come, first served: those who still wait are the last.
    const waiting = callers.filter((caller) => caller.waits).length
    expect(callers.slice(callers.length - waiting).every((caller) => caller.waits)).toBe(true)
  }
  expect(callers.filter((caller) => caller.outcome?.ok !== true)).toEqual([])
  expect(fixture.eventsNamed("circuit.opened")).toEqual([])
}

describe("half a minute without a server, and a thousand who wait for it", () => {
  it("asks it less than 150 times from one process that has lost everything, and serves all in their order", async () => {
    const fixture = new StormFixture()
    const holders: Caller[] = []
    for (let n = 0; n < 20; n += 1) holders.push(await fixture.served())
    const callers = Array.from({ length: CALLERS }, () => fixture.acquire())
    const before = fixture.resources.openingsBegun
    for (const { thing } of holders) thing.die()
    for (const { thing } of holders) fixture.pool.giveBack(thing, "discard", "died")
    await fixture.refuse(OUTAGE_MS)
    expect(fixture.resources.openingsBegun - before).toBeLessThan(GOAL)
    expect(fixture.resources.openingsBegun - before).toBeGreaterThan(100)
    await expectServed(fixture, callers)
  })

  it("no more from one that finds out when it opens all at once", async () => {
    const fixture = new StormFixture()
    await fixture.idle(1)
    const callers = Array.from({ length: CALLERS }, () => fixture.acquire())
    const before = fixture.resources.openingsBegun
    await fixture.refuse(OUTAGE_MS)
    expect(fixture.resources.openingsBegun - before + 19).toBeLessThan(GOAL)
    await expectServed(fixture, callers)
  })

  it("no more from one that has just begun", async () => {
    const fixture = new StormFixture()
    const callers = Array.from({ length: CALLERS }, () => fixture.acquire())
    await fixture.refuse(OUTAGE_MS)
    expect(fixture.resources.openingsBegun).toBeLessThan(GOAL)
    await expectServed(fixture, callers)
  })

  it("no more where nothing is refused, and every opening hangs until its time is up", async () => {
    const fixture = new StormFixture()
    const { thing } = await fixture.served()
    while (fixture.resources.openings.length > 0) await fixture.opens()
    for (const one of fixture.resources.held) one.die()
    fixture.pool.giveBack(thing, "discard", "died")
    const callers = Array.from({ length: CALLERS }, () => fixture.acquire())
    const begunAt = new Map<unknown, number>()
    for (const until = fixture.clock.now() + OUTAGE_MS; fixture.clock.now() < until; await fixture.clock.advance(1)) {
      const now = fixture.clock.now()
      for (const opening of fixture.resources.openings.slice()) {
        if (!begunAt.has(opening)) begunAt.set(opening, now)
        else if (now - (begunAt.get(opening) ?? now) >= CONNECT_MS) opening.fail(unreachable)
      }
    }
    expect(fixture.resources.openingsBegun).toBeLessThan(GOAL)
    expect(fixture.resources.openingsBegun, "it is looked at more often than each hangs").toBeGreaterThan(50)
    await expectServed(fixture, callers)
  })

  it("little more where a thousand leave, one after the other, who would each be worth a last look", async () => {
    const fixture = new StormFixture()
    for (let n = 1; n <= CALLERS; n += 1) {
      fixture.acquire({ deadline: deadlineAfter(fixture.clock, (n * OUTAGE_MS) / CALLERS) })
    }
    await fixture.refuse(OUTAGE_MS)
    expect(fixture.resources.openingsBegun).toBeLessThan(GOAL + OUTAGE_MS / 1_000)
  })
})

import { describe, expect, it } from "vitest"

import { deadlineAfter } from "@kysely-resilient/driver/src/foundation/deadline.ts"

import { type Caller, crowded, DELAY_MS, Fixture, unreachable, wrongPassword } from "./pool-fixture.ts"

describe("an outage", () => {
  it("begins when an opening fails and the server is to blame; whoever waits goes on waiting", async () => {
    const fixture = new Fixture()
    const caller = fixture.acquire()
    await fixture.fails(unreachable)
    expect(caller.waits).toBe(true)
    expect(fixture.eventsNamed("connection.failed")).toMatchObject([{ failure: unreachable }])
    expect(fixture.eventsNamed("pool.outage-began")).toMatchObject([{ failure: unreachable }])
    await fixture.clock.advance(50)
    expect(fixture.pool.stats().outageMs).toBe(50)
  })

  it("tries one opening at a time, with longer and longer pauses", async () => {
    const fixture = new Fixture({ max: 3 })
    for (let n = 0; n < 3; n += 1) fixture.acquire()
    expect(fixture.resources.openings.length).toBe(3)
    for (let n = 0; n < 3; n += 1) await fixture.fails(unreachable)
    expect(fixture.resources.openings.length).toBe(0)

    for (const attempt of [1, 2, 3]) {
      await fixture.clock.advance(DELAY_MS * attempt - 1)
      expect(fixture.resources.openings.length).toBe(0)
      await fixture.clock.advance(1)
      expect(fixture.resources.openings.length).toBe(1)
      fixture.acquire()
      expect(fixture.resources.openings.length).toBe(1)
      await fixture.fails(unreachable)
    }
    expect(fixture.resources.openingsBegun).toBe(6)
  })

  it("waits with the next attempt for those under way, but not for ever: one that hangs says nothing", async () => {
    const fixture = new Fixture({ max: 20 })
    await fixture.served()
    fixture.acquire()
    await fixture.fails(unreachable)
    fixture.acquire()
    await fixture.clock.advance(DELAY_MS)
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.clock.advance(5_000 / 19 - 1)
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.clock.advance(1)
    expect(fixture.resources.openings.length).toBe(2)
    await fixture.clock.advance(4_000)
    expect(fixture.resources.openings.length).toBe(17)
  })

  it("is over with the first opening that succeeds, whatever those say that hung before it", async () => {
    const fixture = new Fixture({ max: 3 })
    const callers = [fixture.acquire(), fixture.acquire()]
    await fixture.fails(unreachable)
    await fixture.clock.advance(5_000 / 3)
    expect(fixture.resources.openings.length).toBe(2)
    fixture.resources.openings[1]?.succeed()
    await fixture.clock.settle()
    expect(callers.map(({ waits }) => waits)).toEqual([false, true])
    expect(fixture.resources.openings.length, "nobody counts on the one that hangs").toBe(2)
    await fixture.fails(unreachable)
    expect(fixture.pool.stats().outageMs).toBeUndefined()
    expect(fixture.eventsNamed("pool.outage-began")).toHaveLength(1)
    await fixture.opens()
    expect(callers[1]?.waits).toBe(false)
  })

  it("is looked at once more just before the first in line would leave", async () => {
    const fixture = new Fixture({ max: 1, outageWaitMs: 460 })
    const caller = fixture.acquire()
    for (const pauseMs of [0, 100, 200]) {
      await fixture.clock.advance(pauseMs)
      await fixture.fails(unreachable)
    }
    await fixture.clock.advance(109)
    expect(fixture.resources.openings.length).toBe(0)
    await fixture.clock.advance(1)
    await fixture.opens()
    expect(caller.waits).toBe(false)
  })

  it("ends when an opening succeeds, and then everybody is opened for at once", async () => {
    const fixture = new Fixture({ max: 3 })
    const callers = [fixture.acquire(), fixture.acquire(), fixture.acquire()]
    for (let n = 0; n < 3; n += 1) await fixture.fails(unreachable)
    await fixture.clock.advance(DELAY_MS)
    await fixture.opens()
    expect(callers.map((caller) => caller.waits)).toEqual([false, true, true])
    expect(fixture.resources.openings.length).toBe(2)
    expect(fixture.pool.stats().outageMs).toBeUndefined()
    expect(fixture.eventsNamed("pool.outage-ended")).toMatchObject([{ durationMs: DELAY_MS }])
  })

  it("tells whoever has waited for outageWaitMs what the last opening failed of, and how long it waited", async () => {
    const fixture = new Fixture({ outageWaitMs: 150 })
    const early = fixture.acquire()
    await fixture.fails(unreachable)
    await fixture.clock.advance(30)
    const late = fixture.acquire()
    await fixture.clock.advance(119)
    expect(early.waits).toBe(true)
    await fixture.clock.advance(1)
    expect(late.waits).toBe(true)
    expect(early.failure).toEqual({
      ...unreachable,
      retryAfterMs: 250,
      message:
        "connect ECONNREFUSED 127.0.0.1:5432. Waited 150 ms for a connection, until retry.outageWaitMs (150 ms); none could " +
        "be opened for 150 ms, in one attempt.",
    })

    await fixture.clock.advance(30)
    expect(late.failure.message).toContain("Waited 150 ms for a connection, until retry.outageWaitMs")
    expect(late.failure.message).toContain("none could be opened for 180 ms")
  })

  it("counts the wait from the outage's beginning for whoever was in line before", async () => {
    const fixture = new Fixture({ max: 1, outageWaitMs: 150 })
    const holder = await fixture.served()
    const caller = fixture.acquire()
    await fixture.clock.advance(10_000)
    fixture.pool.giveBack(holder.thing, "discard")
    await fixture.fails(unreachable)
    await fixture.clock.advance(149)
    expect(caller.waits).toBe(true)
    await fixture.clock.advance(1)
    expect(caller.failure.message).toContain("Waited 10150 ms for a connection, until retry.outageWaitMs (150 ms)")
  })

  it.each([
    ["the deadline", { deadlineMs: 60, acquireTimeoutMs: 30_000 }, "until the deadline (60 ms)"],
    ["acquireTimeoutMs", { deadlineMs: 100, acquireTimeoutMs: 60 }, "until pool.acquireTimeoutMs (60 ms)"],
  ])("gives the opening's failure also to whoever reaches %s first", async (_, limits, text) => {
    const fixture = new Fixture({ acquireTimeoutMs: limits.acquireTimeoutMs })
    const caller = fixture.acquire({ deadline: deadlineAfter(fixture.clock, limits.deadlineMs) })
    await fixture.fails(unreachable)
    await fixture.clock.advance(60)
    expect(caller.failure.kind).toBe("connection_failed")
    expect(caller.failure.message).toContain(text)
  })

  it("still tells an aborted caller that it was aborted", async () => {
    const fixture = new Fixture()
    const controller = new AbortController()
    const caller = fixture.acquire({ signal: controller.signal })
    await fixture.fails(unreachable)
    controller.abort()
    await fixture.clock.settle()
    expect(caller.failure.kind).toBe("aborted")
  })

  it("goes on serving with what is open", async () => {
    const fixture = new Fixture({ max: 2 })
    const holder = await fixture.served()
    const caller = fixture.acquire()
    await fixture.fails(unreachable)
    fixture.pool.giveBack(holder.thing, "keep")
    await fixture.clock.settle()
    expect(caller.thing).toBe(holder.thing)
    fixture.pool.giveBack(caller.thing, "keep")
    expect(fixture.acquire().atOnce).toBe(true)
  })

  it("tries nothing while nobody waits, and at once for whoever comes after the pause", async () => {
    const fixture = new Fixture({ outageWaitMs: 1_000 })
    fixture.acquire({ deadline: deadlineAfter(fixture.clock, 10) })
    await fixture.fails(unreachable)
    await fixture.clock.advance(60_000)
    expect(fixture.resources.openingsBegun).toBe(1)
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 0 })

    const caller = fixture.acquire()
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.opens()
    expect(caller.waits).toBe(false)
    expect(fixture.eventsNamed("pool.outage-ended")).toMatchObject([{ durationMs: 60_000 }])
  })

  it("fills up to min slowly and in the background while nobody waits", async () => {
    const fixture = new Fixture({ min: 2 })
    fixture.acquire({ deadline: deadlineAfter(fixture.clock, 10) })
    expect(fixture.resources.openings.length).toBe(2)
    await fixture.fails(unreachable)
    await fixture.fails(unreachable)
    await fixture.clock.advance(4_999)
    expect(fixture.resources.openings.length).toBe(0)
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 1 })
    await fixture.clock.advance(1)
    expect(fixture.resources.openings.length).toBe(1)

    await fixture.opens()
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.opens()
    expect(fixture.pool.stats()).toMatchObject({ idle: 2, opening: 0 })
  })

  it("survives an opening that rejects, as a failure for good", async () => {
    const fixture = new Fixture()
    fixture.resources.open = () => Promise.reject(new Error("a promise was broken"))
    const caller = fixture.acquire()
    await fixture.clock.settle()
    expect(caller.failure).toMatchObject({
      kind: "client_error",
      phase: "connect",
      message: "bug: opening a connection threw: a promise was broken.",
    })
    expect(fixture.pool.stats()).toMatchObject({ opening: 0, waiting: 0 })
  })
})

describe("a server that takes no more connections", () => {
  it("is no outage while something is open: whoever waits is served by what comes back", async () => {
    const fixture = new Fixture({ max: 3, outageWaitMs: 50 })
    const holder = await fixture.served()
    const callers = [fixture.acquire(), fixture.acquire()]
    await fixture.fails(crowded)
    await fixture.fails(crowded)
    expect(fixture.eventsNamed("pool.outage-began")).toEqual([])
    expect(fixture.pool.stats().outageMs).toBeUndefined()

    await fixture.clock.advance(499)
    expect(fixture.resources.openings.length).toBe(0)
    await fixture.clock.advance(1)
    expect(callers.map((caller) => caller.waits)).toEqual([true, true])
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.fails(crowded)
    fixture.pool.giveBack(holder.thing, "keep")
    await fixture.clock.settle()
    expect(callers[0]?.thing).toBe(holder.thing)
  })

  it("is asked for one after the other when it has room again, and is left those that nobody needs", async () => {
    const fixture = new Fixture({ max: 4, min: 1 })
    const holder = await fixture.served()
    const callers = [fixture.acquire(), fixture.acquire(), fixture.acquire()]
    while (fixture.resources.openings.length > 0) await fixture.fails(crowded)
    for (const waiting of [2, 1, 0]) {
      await fixture.clock.advance(500)
      expect(fixture.resources.openings.length).toBe(1)
      await fixture.opens()
      expect(callers.filter((caller) => caller.waits)).toHaveLength(waiting)
      expect(fixture.resources.openings.length).toBe(0)
    }
    for (const { thing } of [holder, ...callers]) fixture.pool.giveBack(thing, "keep")
    await fixture.clock.advance(1_000)
    expect(fixture.pool.stats()).toMatchObject({ idle: 1 })
  })

  it("is looked for as in an outage when the last of ours is gone", async () => {
    const fixture = new Fixture({ max: 2 })
    const holder = await fixture.served()
    const caller = fixture.acquire()
    await fixture.fails(crowded)
    holder.thing.die()
    fixture.pool.giveBack(holder.thing, "discard", "died")
    await fixture.clock.advance(100)
    await fixture.opens()
    expect(caller.thing).toBeDefined()
  })

  it("tells whoever reached its limit also why no more were opened", async () => {
    const fixture = new Fixture({ acquireTimeoutMs: 50 })
    await fixture.served()
    const caller = fixture.acquire()
    await fixture.fails(crowded)
    await fixture.clock.advance(50)
    expect(caller.failure.kind).toBe("pool_timeout")
    expect(caller.failure.message).toContain("More cannot be opened: sorry, too many clients already")
  })

  it("is an outage when nothing is open", async () => {
    const fixture = new Fixture()
    fixture.acquire()
    await fixture.fails(crowded)
    expect(fixture.eventsNamed("pool.outage-began")).toMatchObject([{ failure: crowded }])
  })
})

describe("an opening that fails for good", () => {
  it("is told at once to everybody who waits, if nothing is open", async () => {
    const fixture = new Fixture({ max: 2 })
    const callers = [fixture.acquire(), fixture.acquire(), fixture.acquire()]
    await fixture.fails(wrongPassword)
    expect(callers.map((caller) => caller.failure)).toEqual([wrongPassword, wrongPassword, wrongPassword])
    expect(fixture.eventsNamed("pool.outage-began")).toEqual([])
  })

  it("is tried anew for the next who asks, one at a time, without a pause", async () => {
    const fixture = new Fixture({ min: 2 })
    fixture.acquire()
    await fixture.fails(wrongPassword)
    await fixture.fails(wrongPassword)
    await fixture.clock.advance(600_000)
    expect(fixture.resources.openingsBegun).toBe(2)
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 0 })

    const callers = [fixture.acquire(), fixture.acquire()]
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.opens()
    expect(callers[0]?.waits).toBe(false)
    expect(fixture.resources.openings.length).toBe(1)
  })

  it("is kept from those who wait while something is open that may serve them", async () => {
    const fixture = new Fixture({ max: 3 })
    const holder = await fixture.served()
    const callers = [fixture.acquire(), fixture.acquire()]
    await fixture.fails(wrongPassword)
    await fixture.fails(wrongPassword)
    expect(callers.map((caller) => caller.waits)).toEqual([true, true])

    await fixture.clock.advance(DELAY_MS)
    expect(fixture.resources.openings.length).toBe(1)
    fixture.pool.giveBack(holder.thing, "keep")
    await fixture.clock.settle()
    expect(callers[0]?.thing).toBe(holder.thing)

    fixture.pool.giveBack(callers[0]!.thing, "discard")
    await fixture.fails(wrongPassword)
    expect(callers[1]?.failure).toBe(wrongPassword)
  })

  it("ends an outage: the server has answered", async () => {
    const fixture = new Fixture()
    const caller = fixture.acquire()
    await fixture.fails(unreachable)
    await fixture.clock.advance(DELAY_MS)
    await fixture.fails(wrongPassword)
    expect(caller.failure).toBe(wrongPassword)
    expect(fixture.eventsNamed("pool.outage-ended")).toMatchObject([{ durationMs: DELAY_MS }])
  })
})

describe("whoever only wants to know whether it works again", () => {
  it("is told once of the first success; meanwhile one opening at a time is tried, as in an outage", async () => {
    const fixture = new Fixture()
    const told: string[] = []
    fixture.pool.whenReachable(() => told.push("a"))
    fixture.pool.whenReachable(() => told.push("b"))
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.fails(unreachable)
    await fixture.clock.advance(DELAY_MS)
    expect(fixture.resources.openings.length).toBe(1)
    expect(told).toEqual([])
    await fixture.opens()
    expect(told).toEqual(["a", "b"])
    expect(fixture.pool.stats()).toMatchObject({ idle: 1, opening: 0 })
    expect(fixture.resources.openingsBegun).toBe(2)
    await fixture.idle(2)
    expect(told).toEqual(["a", "b"])
  })

  it("learns it from what is opened for somebody else, or answers its check", async () => {
    const fixture = new Fixture({ max: 1 })
    const told: string[] = []
    const caller = fixture.acquire()
    fixture.pool.whenReachable(() => told.push("opened"))
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.opens()
    expect(told).toEqual(["opened"])

    fixture.pool.giveBack(caller.thing, "keep")
    await fixture.clock.advance(6_000)
    fixture.acquire()
    fixture.pool.whenReachable(() => told.push("checked"))
    await fixture.checks(true)
    expect(told).toEqual(["opened", "checked"])
  })

  it("is not told by one that was given back, which may have been the server's last answer", async () => {
    const fixture = new Fixture({ max: 1 })
    const holder = await fixture.served()
    const told: string[] = []
    fixture.pool.whenReachable(() => told.push("given back"))
    fixture.pool.giveBack(holder.thing, "keep")
    await fixture.clock.advance(0)
    expect(told).toEqual([])
  })

  it("is left alone once it has lost interest, or the pool is closed, and then nothing is tried for it", async () => {
    const fixture = new Fixture()
    const told: string[] = []
    const stop = fixture.pool.whenReachable(() => told.push("stopped"))
    await fixture.fails(unreachable)
    stop()
    await fixture.clock.advance(60_000)
    expect(fixture.resources.openingsBegun).toBe(1)

    fixture.pool.whenReachable(() => told.push("closed"))
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.pool.close({ drainMs: 0 })
    await fixture.opens()
    fixture.pool.whenReachable(() => told.push("too late"))
    await fixture.clock.advance(60_000)
    expect(fixture.resources.openingsBegun).toBe(2)
    expect(told).toEqual([])
  })
})

describe("after a loss", () => {
  it("whatever is idle is checked before somebody gets it, also what has worked later than the lost one", async () => {
    const fixture = new Fixture()
    const [lost, other] = [await fixture.served(), await fixture.served()]
    await fixture.clock.advance(10)
    fixture.pool.giveBack(other.thing, "keep")
    lost.thing.die()
    fixture.pool.giveBack(lost.thing, "discard", "died")
    const caller = fixture.acquire()
    expect(caller.waits).toBe(true)
    await fixture.checks(true)
    expect(caller.thing).toBe(other.thing)
    fixture.pool.giveBack(caller.thing, "keep")
    expect(fixture.acquire().atOnce).toBe(true)
  })

  it("whatever has rested for longer than one that was silent too long is closed, and costs nobody that time again", async () => {
    const fixture = new Fixture()
    const [rested] = await fixture.idle(3)
    const [silent, other] = [await fixture.served(), await fixture.served()]
    await fixture.clock.advance(100)
    fixture.pool.giveBack(other.thing, "keep")
    fixture.pool.giveBack(silent.thing, "discard", "abandoned")
    expect(rested?.closed).toEqual(["died"])
    // This one has worked meanwhile: it is only checked.
    expect(fixture.pool.stats()).toMatchObject({ idle: 1 })
    expect(fixture.acquire().waits).toBe(true)
    expect(fixture.resources.checks.map(({ thing }) => thing)).toEqual([other.thing])
  })

  it("the same holds if it was idle", async () => {
    const fixture = new Fixture()
    const [lost, other] = await fixture.idle(2)
    lost?.die()
    const caller = fixture.acquire()
    expect(caller.waits).toBe(true)
    await fixture.checks(true)
    expect(caller.thing).toBe(other)
  })

  it("few are opened at a time until one could be", async () => {
    const fixture = new Fixture({ max: 20 })
    const holders: Caller[] = []
    for (let n = 0; n < 20; n += 1) holders.push(await fixture.served())
    for (let n = 0; n < 50; n += 1) fixture.acquire()
    for (const { thing } of holders) thing.die()
    for (const { thing } of holders) fixture.pool.giveBack(thing, "discard", "died")
    expect(fixture.resources.openings.length).toBe(4)
    await fixture.opens()
    expect(fixture.resources.openings.length).toBe(19)
  })

  it("few are opened at a time at first, too", async () => {
    const fixture = new Fixture({ max: 20 })
    for (let n = 0; n < 50; n += 1) fixture.acquire()
    expect(fixture.resources.openings.length).toBe(4)
    await fixture.opens()
    expect(fixture.resources.openings.length).toBe(19)
  })
})

import { describe, expect, it } from "vitest"

import type { Failure } from "@kysely-resilient/driver"
import { deadlineAfter } from "@kysely-resilient/driver/src/foundation/deadline.ts"

import { Fixture, unreachable, type Caller } from "./pool-fixture.ts"

describe("handing out", () => {
  it("opens nothing before somebody asks", () => {
    const { resources, pool, clock } = new Fixture({ min: 2 })
    expect(resources.openingsBegun).toBe(0)
    expect(pool.stats()).toMatchObject({ idle: 0, leased: 0, opening: 0, waiting: 0 })
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("gives an idle one at once, without a promise", async () => {
    const fixture = new Fixture()
    const [thing] = await fixture.idle(1)
    const caller = fixture.acquire()
    expect(caller.atOnce).toBe(true)
    expect(caller.thing).toBe(thing)
  })

  it("hands out the one that was used last, so that the surplus ages", async () => {
    const fixture = new Fixture()
    const [, , last] = await fixture.idle(3)
    for (let n = 0; n < 3; n += 1) {
      const caller = fixture.acquire()
      expect(caller.thing).toBe(last)
      fixture.pool.giveBack(caller.thing, "keep")
    }
  })

  it("opens one for each who waits, up to max, and no more", () => {
    const { pool, resources } = new Fixture({ max: 3 })
    for (let n = 1; n <= 5; n += 1) {
      void pool.acquire()
      expect(resources.openings.length).toBe(Math.min(n, 3))
    }
    expect(pool.stats()).toMatchObject({ opening: 3, waiting: 5 })
  })

  it("serves whoever came first, whatever becomes free first", async () => {
    const fixture = new Fixture({ max: 2 })
    const holder = await fixture.served()
    const first = fixture.acquire()
    const second = fixture.acquire()
    expect(fixture.resources.openings.length).toBe(1)

    fixture.pool.giveBack(holder.thing, "keep")
    await fixture.clock.settle()
    expect(first.thing).toBe(holder.thing)
    expect(second.waits).toBe(true)

    const opened = await fixture.opens()
    expect(second.thing).toBe(opened)
  })

  it("lets nobody overtake the line, even with one idle for a moment", async () => {
    const fixture = new Fixture({ max: 1, validateAfterIdleMs: 1_000 })
    await fixture.idle(1)
    await fixture.clock.advance(2_000)
    const first = fixture.acquire()
    const second = fixture.acquire()
    await fixture.checks(true)
    expect(first.waits).toBe(false)
    expect(second.waits).toBe(true)
  })

  it("keeps a connection that arrives after its caller gave up", async () => {
    const fixture = new Fixture()
    const caller = fixture.acquire({ deadline: deadlineAfter(fixture.clock, 10) })
    await fixture.clock.advance(10)
    expect(caller.failure.kind).toBe("deadline_exceeded")

    const thing = await fixture.opens()
    expect(fixture.pool.stats()).toMatchObject({ idle: 1, opening: 0 })
    expect(fixture.acquire().thing).toBe(thing)
  })

  it("does not open another for one whom an opening under way will serve", async () => {
    const fixture = new Fixture({ max: 3 })
    const impatient = fixture.acquire({ deadline: deadlineAfter(fixture.clock, 10) })
    await fixture.clock.advance(10)
    expect(impatient.waits).toBe(false)

    const next = fixture.acquire()
    expect(fixture.resources.openings.length).toBe(1)
    await fixture.opens()
    expect(next.waits).toBe(false)
  })
})

describe("giving back", () => {
  it("frees the place of a discarded one at once, and opens another for whoever waits", async () => {
    const fixture = new Fixture({ max: 1 })
    const holder = await fixture.served()
    const waiter = fixture.acquire()
    expect(fixture.resources.openings.length).toBe(0)

    fixture.pool.giveBack(holder.thing, "discard", "abandoned")
    expect(holder.thing.closed).toEqual(["abandoned"])
    expect(fixture.pool.stats()).toMatchObject({ leased: 0, opening: 1, waiting: 1 })
    await fixture.opens()
    expect(waiter.thing).not.toBe(holder.thing)
  })

  it("tells why one was discarded, with the failure", async () => {
    const fixture = new Fixture()
    const { thing } = await fixture.served()
    const { failure } = await refused(fixture)
    fixture.pool.giveBack(thing, "discard", "died", failure)
    expect(fixture.eventsNamed("connection.discarded")).toEqual([
      { name: "connection.discarded", at: fixture.clock.wallTime(), connectionId: thing.id, reason: "died", failure },
    ])
  })

  it("closes one that is not reusable instead of keeping it", async () => {
    const fixture = new Fixture()
    const { thing } = await fixture.served()
    thing.reusable = false
    fixture.pool.giveBack(thing, "keep")
    expect(thing.closed).toEqual(["not-clean"])
    expect(fixture.pool.stats()).toMatchObject({ idle: 0, leased: 0 })
  })

  it("ignores one that was given back before, and one that it never gave", async () => {
    const fixture = new Fixture()
    const { thing } = await fixture.served()
    fixture.pool.giveBack(thing, "keep")
    fixture.pool.giveBack(thing, "discard")
    fixture.pool.giveBack({ ...thing }, "keep")
    expect(thing.closed).toEqual([])
    expect(fixture.pool.stats()).toMatchObject({ idle: 1, leased: 0 })
  })

  it("puts an unused one to rest, and wakes it for the next", async () => {
    const fixture = new Fixture()
    const { thing } = await fixture.served()
    expect(thing.resting).toBe(false)
    fixture.pool.giveBack(thing, "keep")
    expect(thing.resting).toBe(true)
    fixture.acquire()
    expect(thing.resting).toBe(false)
  })

  it("never puts to rest what it hands on at once", async () => {
    const fixture = new Fixture({ max: 1 })
    const { thing } = await fixture.served()
    fixture.acquire()
    let rests = 0
    fixture.resources.rest = () => (rests += 1)
    fixture.pool.giveBack(thing, "keep")
    expect(rests).toBe(0)
  })

  it("leaves everything awake with keepAlive", async () => {
    const fixture = new Fixture({ keepAlive: true })
    const [thing] = await fixture.idle(1)
    expect(thing?.resting).toBe(false)
    expect(fixture.clock.timers).toEqual({ foreground: 1, background: 0 })
  })
})

describe("limits of waiting", () => {
  it("refuses whoever has waited for acquireTimeoutMs, with the numbers and what to do", async () => {
    const fixture = new Fixture({ max: 1, acquireTimeoutMs: 250 })
    await fixture.served()
    const caller = fixture.acquire()
    fixture.acquire({ deadline: deadlineAfter(fixture.clock, 1_000) })
    await fixture.clock.advance(249)
    expect(caller.waits).toBe(true)
    await fixture.clock.advance(1)
    expect(caller.failure).toMatchObject({
      kind: "pool_timeout",
      phase: "acquire",
      effect: "not_applied",
      origin: "client",
      connection: "keep",
      message:
        "No connection within pool.acquireTimeoutMs (250 ms): waited 250 ms; of at most 1, 1 are in use, 0 idle and 0 being " +
        "opened; 2 in line. Hold connections for a shorter time, raise pool.max, or wait longer with pool.acquireTimeoutMs.",
    })
  })

  it("lets one leave at its own deadline, and only that one", async () => {
    const fixture = new Fixture({ max: 1 })
    const holder = await fixture.served()
    const callers = [20, 10, 30].map((ms) => fixture.acquire({ deadline: deadlineAfter(fixture.clock, ms) }))
    await fixture.clock.advance(10)
    expect(callers.map((caller) => caller.waits)).toEqual([true, false, true])
    expect(callers[1]?.failure).toMatchObject({
      kind: "deadline_exceeded",
      message: expect.stringContaining("The deadline of 10 ms passed while waiting for a connection: waited 10 ms"),
    })

    fixture.pool.giveBack(holder.thing, "keep")
    await fixture.clock.settle()
    expect(callers[0]?.thing).toBe(holder.thing)
  })

  it("refuses an acquire whose deadline has passed, and one that is aborted already, though one is idle", async () => {
    const fixture = new Fixture()
    await fixture.idle(1)
    const late = fixture.acquire({ deadline: { at: fixture.clock.now(), limitMs: 5 } })
    expect(late.failure.kind).toBe("deadline_exceeded")
    const aborted = fixture.acquire({ signal: AbortSignal.abort("changed my mind") })
    expect(aborted.failure).toMatchObject({ kind: "aborted", cause: "changed my mind" })
    expect(fixture.pool.stats()).toMatchObject({ idle: 1, leased: 0 })
  })

  it("lets one leave when its signal aborts, and forgets the signal of one that was served", async () => {
    const fixture = new Fixture({ max: 1 })
    const holder = await fixture.served()
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    const served = fixture.acquire({ signal: controller.signal })
    const aborted = fixture.acquire({ signal: controller.signal })
    const patient = fixture.acquire()
    expect(listeners.count).toBe(2)

    fixture.pool.giveBack(holder.thing, "keep")
    await fixture.clock.settle()
    expect(listeners.count).toBe(1)
    controller.abort(new Error("the client went away"))
    await fixture.clock.settle()
    expect(served.thing).toBe(holder.thing)
    expect(aborted.failure).toMatchObject({ kind: "aborted", cause: controller.signal.reason })
    expect(patient.waits).toBe(true)
    expect(listeners.count).toBe(0)
  })

  it("refuses whoever would make the line longer than waitersMax, at once", () => {
    const fixture = new Fixture({ max: 1, waitersMax: 2 })
    const callers = [fixture.acquire(), fixture.acquire(), fixture.acquire(), fixture.acquire()]
    expect(callers.map((caller) => caller.waits)).toEqual([true, true, true, false])
    expect(callers[3]?.failure).toMatchObject({
      kind: "pool_full",
      message:
        "The line for a connection is full: 3 wait (pool.waitersMax is 2, besides those for whom one is being opened); of at " +
        "most 1, 0 are in use and 1 being opened. Ask for less at once, or raise pool.max or pool.waitersMax.",
    })
  })

  it("lets nobody wait with waitersMax 0 but for an opening or a check of its own", async () => {
    const fixture = new Fixture({ max: 2, waitersMax: 0, validateAfterIdleMs: 1_000 })
    const callers = [fixture.acquire(), fixture.acquire(), fixture.acquire()]
    expect(callers.map((caller) => caller.waits)).toEqual([true, true, false])
    await fixture.opens()
    await fixture.opens()
    fixture.pool.giveBack(callers[0]!.thing, "keep")
    await fixture.clock.advance(2_000)
    expect([fixture.acquire(), fixture.acquire()].map((caller) => caller.waits)).toEqual([true, false])
  })

  it("comes out of an outage also with waitersMax 0", async () => {
    const fixture = new Fixture({ waitersMax: 0 })
    const first = fixture.acquire({ deadline: deadlineAfter(fixture.clock, 10) })
    await fixture.fails(unreachable)
    await fixture.clock.advance(50)
    expect(first.failure.kind).toBe("connection_failed")
    expect(fixture.acquire().failure.kind).toBe("pool_full")
    await fixture.clock.advance(50)
    const next = fixture.acquire()
    expect(fixture.acquire().failure.kind).toBe("pool_full")
    const opened = await fixture.opens()
    expect(next.thing).toBe(opened)
  })

  it("keeps the process alive while somebody waits, and not for what is idle", async () => {
    const fixture = new Fixture({ max: 1 })
    const caller = fixture.acquire()
    expect(fixture.clock.timers.foreground).toBe(1)
    await fixture.opens()
    expect(fixture.clock.timers.foreground).toBe(0)
    fixture.pool.giveBack(caller.thing, "keep")
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 1 })
  })
})

describe("checking before use", () => {
  it("checks one that has rested for longer than validateAfterIdleMs, and counts it as leased meanwhile", async () => {
    const fixture = new Fixture({ max: 1, validateAfterIdleMs: 1_000 })
    const [thing] = await fixture.idle(1)
    await fixture.clock.advance(1_001)
    const caller = fixture.acquire()
    expect(caller.waits).toBe(true)
    expect(thing?.resting).toBe(false)
    expect(fixture.pool.stats()).toMatchObject({ idle: 0, leased: 1, opening: 0, waiting: 1 })
    expect([...fixture.pool.leased()]).toEqual([])

    await fixture.checks(true)
    expect(caller.thing).toBe(thing)
    expect([...fixture.pool.leased()]).toEqual([thing])
  })

  it("does not check one that has rested for less", async () => {
    const fixture = new Fixture({ validateAfterIdleMs: 1_000 })
    await fixture.idle(1)
    await fixture.clock.advance(1_000)
    expect(fixture.acquire().atOnce).toBe(true)
  })

  it("discards a bad one, and opens another for the caller, who keeps its place in line", async () => {
    const fixture = new Fixture({ max: 1, validateAfterIdleMs: 1_000 })
    const [thing] = await fixture.idle(1)
    await fixture.clock.advance(2_000)
    const first = fixture.acquire()
    const second = fixture.acquire()
    await fixture.checks(false)
    expect(thing?.closed).toEqual(["died"])
    expect(fixture.pool.stats()).toMatchObject({ leased: 0, opening: 1, waiting: 2 })
    const opened = await fixture.opens()
    expect(first.thing).toBe(opened)
    expect(second.waits).toBe(true)
  })

  it("gives up with a bad one all that have rested for as long, so that one caller pays for a dead network", async () => {
    const fixture = new Fixture({ max: 3, validateAfterIdleMs: 1_000 })
    const things = await fixture.idle(3)
    await fixture.clock.advance(2_000)
    const caller = fixture.acquire()
    expect(fixture.resources.checks.length).toBe(1)
    await fixture.checks(false)
    expect(things.map((thing) => thing.closed)).toEqual([["died"], ["died"], ["died"]])
    const opened = await fixture.opens()
    expect(caller.thing).toBe(opened)
  })

  it("keeps what was used while the check was under way", async () => {
    const fixture = new Fixture({ max: 2, validateAfterIdleMs: 1_000 })
    const [resting] = await fixture.idle(2)
    await fixture.clock.advance(2_000)
    const [first, second] = [fixture.acquire(), fixture.acquire()]
    expect(fixture.resources.checks.length).toBe(2)
    await fixture.checks(true)
    await fixture.clock.advance(1)
    fixture.pool.giveBack(first.thing, "keep")
    await fixture.clock.settle()
    expect(second.thing).toBe(first.thing)
    fixture.pool.giveBack(second.thing, "keep")

    await fixture.checks(false)
    expect(resting?.closed).toEqual(["died"])
    expect(fixture.pool.stats()).toMatchObject({ idle: 1 })
  })

  it("checks and opens no more than there are waiters", async () => {
    const fixture = new Fixture({ max: 3, validateAfterIdleMs: 1_000 })
    await fixture.idle(2)
    await fixture.clock.advance(2_000)
    fixture.acquire()
    expect([fixture.resources.checks.length, fixture.resources.openings.length]).toEqual([1, 0])
    fixture.acquire()
    expect([fixture.resources.checks.length, fixture.resources.openings.length]).toEqual([2, 0])
    fixture.acquire()
    expect([fixture.resources.checks.length, fixture.resources.openings.length]).toEqual([2, 1])
  })

  it("checks what rests for whoever waits, though one is being opened: that may take long", async () => {
    const fixture = new Fixture({ max: 2, validateAfterIdleMs: 1_000 })
    const [first, second] = [fixture.acquire(), fixture.acquire()]
    await fixture.opens()
    fixture.pool.giveBack(first.thing, "keep")
    await fixture.clock.settle()
    fixture.pool.giveBack(second.thing, "keep")
    await fixture.clock.advance(2_000)
    expect(fixture.pool.stats()).toMatchObject({ idle: 1, opening: 1 })
    const third = fixture.acquire()
    expect(fixture.resources.checks.length).toBe(1)
    await fixture.checks(true)
    expect(third.thing).toBe(first.thing)
  })

  it("survives a check that rejects", async () => {
    const fixture = new Fixture({ max: 1, validateAfterIdleMs: 1_000 })
    const [thing] = await fixture.idle(1)
    fixture.resources.check = () => Promise.reject(new Error("bug"))
    await fixture.clock.advance(2_000)
    const caller = fixture.acquire()
    await fixture.clock.settle()
    expect(thing?.closed).toEqual(["died"])
    const opened = await fixture.opens()
    expect(caller.thing).toBe(opened)
  })
})

describe("one that dies by itself", () => {
  it("is told with why it died, and one that was only too old is not", async () => {
    const fixture = new Fixture()
    const failure = { kind: "server_shutdown" } as Failure
    fixture.resources.deathOf = () => failure
    const [thing] = await fixture.idle(1)
    thing?.die()
    expect(fixture.eventsNamed("connection.discarded")).toMatchObject([{ reason: "died", failure }])
    await fixture.idle(1)
    fixture.pool.reset()
    const [, reset] = fixture.eventsNamed("connection.discarded")
    expect(reset).toMatchObject({ reason: "generation" })
    expect(reset).not.toHaveProperty("failure")
  })

  it("is gone at once if it was idle, and counted as died", async () => {
    const fixture = new Fixture()
    const [thing] = await fixture.idle(1)
    thing?.die()
    expect(thing?.closed).toEqual(["died"])
    expect(fixture.eventsNamed("connection.discarded")).toMatchObject([{ connectionId: 1, reason: "died" }])
    expect(fixture.acquire().waits).toBe(true)
  })

  it("is replaced in the background if fewer than min are left", async () => {
    const fixture = new Fixture({ min: 2 })
    const things = await fixture.idle(2)
    things[0]?.die()
    expect(fixture.pool.stats()).toMatchObject({ idle: 1, opening: 1 })
    await fixture.opens()
    expect(fixture.pool.stats()).toMatchObject({ idle: 2, opening: 0 })
  })

  it("is closed when it comes back if it was in use, whatever its holder says of it", async () => {
    const fixture = new Fixture()
    const { thing } = await fixture.served()
    thing.die()
    thing.reusable = true
    expect(thing.closed).toEqual([])
    expect(fixture.pool.stats().leased).toBe(1)
    fixture.pool.giveBack(thing, "keep")
    expect(thing.closed).toEqual(["died"])
  })

  it("counts as a failed check if it was being checked", async () => {
    const fixture = new Fixture({ max: 2, validateAfterIdleMs: 1_000 })
    const [older, thing] = await fixture.idle(2)
    await fixture.clock.advance(2_000)
    const caller = fixture.acquire()
    thing?.die()
    expect(thing?.closed).toEqual(["died"])
    expect(older?.closed).toEqual(["died"])
    await fixture.checks(false)
    expect(thing?.closed).toEqual(["died"])
    const opened = await fixture.opens()
    expect(caller.thing).toBe(opened)
  })

  it("counts as a failed opening if it is dead on arrival", async () => {
    const fixture = new Fixture()
    const caller = fixture.acquire()
    const thing = fixture.resources.openings[0]?.succeed()
    thing?.die()
    await fixture.clock.settle()
    expect(thing?.closed).toEqual(["died"])
    expect(fixture.eventsNamed("connection.failed")).toMatchObject([{ failure: { kind: "connection_failed" } }])
    expect(fixture.pool.stats()).toMatchObject({ idle: 0, leased: 0, opening: 0, waiting: 1 })
    await fixture.clock.advance(100)
    const opened = await fixture.opens()
    expect(caller.thing).toBe(opened)
  })
})

describe("telling", () => {
  it("tells of each opening how long it took, with the connection's id", async () => {
    const fixture = new Fixture()
    fixture.acquire()
    await fixture.clock.advance(40)
    const thing = await fixture.opens()
    expect(fixture.events).toEqual([
      { name: "connection.opened", at: fixture.clock.wallTime(), connectionId: thing.id, durationMs: 40 },
    ])
  })

  it("keeps its books straight for an observer that asks it for something", async () => {
    const fixture = new Fixture({ max: 2, min: 1 })
    const totals: number[] = []
    fixture.observe = () => {
      void fixture.pool.acquire()
      const { idle, leased, opening } = fixture.pool.stats()
      totals.push(idle + leased + opening)
    }
    const caller = fixture.acquire()
    await fixture.opens()
    await fixture.opens()
    fixture.pool.giveBack(caller.thing, "discard")
    fixture.pool.reset()
    while (fixture.resources.openings.length > 0 && totals.length < 20) await fixture.opens()
    expect(totals.length).toBeGreaterThan(4)
    expect(Math.max(...totals)).toBe(2)
  })
})

describe("late timers", () => {
  it("do not let one be handed out after the end of its lifetime", async () => {
    const fixture = new Fixture({ maxLifetimeMs: 10_000 })
    const { thing } = await fixture.served()
    await fixture.clock.advance(9_900)
    fixture.pool.giveBack(thing, "keep")
    fixture.clock.jump(100)
    expect(fixture.acquire().waits).toBe(true)
    expect(thing.closed).toEqual(["lifetime"])
  })

  it("do not let an observer overtake whoever waits", async () => {
    const chances = [0.1, 0.9]
    const fixture = new Fixture(
      { max: 2, maxLifetimeMs: 10_000, validateAfterIdleMs: 60_000 },
      undefined,
      () => chances.pop() ?? 0.5,
    )
    await fixture.idle(2)
    const pushy: Caller[] = []
    fixture.observe = () => pushy.push(fixture.acquire())
    fixture.clock.jump(10_000)
    const caller = fixture.acquire()
    await fixture.clock.settle()
    expect(fixture.resources.things.map((thing) => thing.closed)).toEqual([[], ["lifetime"]])
    expect(caller.waits).toBe(false)
    expect(pushy.map((other) => other.waits)).toEqual([true])
  })
})

async function refused(fixture: Fixture) {
  return fixture.acquire({ signal: AbortSignal.abort() })
}

function countListeners(signal: AbortSignal): { readonly count: number } {
  const tally = { count: 0 }
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...listening: Parameters<typeof add>) => {
    tally.count += 1
    add(...listening)
  }
  signal.removeEventListener = (...listening: Parameters<typeof remove>) => {
    tally.count -= 1
    remove(...listening)
  }
  return tally
}

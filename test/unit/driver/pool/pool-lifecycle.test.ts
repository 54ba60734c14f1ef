import { describe, expect, it } from "vitest"

import type { Failure } from "@kysely-resilient/driver/src/failure/failure.ts"
import { deadlineAfter } from "@kysely-resilient/driver/src/foundation/deadline.ts"

import { Fixture, unreachable, wrongPassword } from "./pool-fixture.ts"

describe("upkeep", () => {
  it("closes those above min that nobody has wanted for idleTimeoutMs, and keeps min", async () => {
    const fixture = new Fixture({ min: 1, max: 3, idleTimeoutMs: 1_000 })
    const [first, second, third] = await fixture.idle(3)
    await fixture.clock.advance(999)
    expect(fixture.pool.stats().idle).toBe(3)
    await fixture.clock.advance(1)
    expect([first, second, third].map((thing) => thing?.closed)).toEqual([["idle"], ["idle"], []])
    await fixture.clock.advance(60_000)
    expect(fixture.pool.stats().idle).toBe(1)
  })

  it("counts those in use: one idle above min goes though all idle ones together are fewer", async () => {
    const fixture = new Fixture({ min: 1, max: 3, idleTimeoutMs: 1_000 })
    const [thing] = await fixture.idle(1)
    await fixture.clock.advance(5_000)
    const holder = fixture.acquire()
    await fixture.clock.settle()
    fixture.acquire()
    const other = await fixture.opens()
    fixture.pool.giveBack(holder.thing, "keep")
    expect(holder.thing).toBe(thing)
    await fixture.clock.advance(1_000)
    expect(thing?.closed).toEqual(["idle"])
    expect(other.closed).toEqual([])
  })

  it("closes at the end of its lifetime one that is idle, whatever min says, and replaces it", async () => {
    const fixture = new Fixture({ min: 1, maxLifetimeMs: 10_000 })
    const [thing] = await fixture.idle(1)
    await fixture.clock.advance(10_000)
    expect(thing?.closed).toEqual(["lifetime"])
    expect(fixture.pool.stats().opening).toBe(1)
  })

  it("closes at the end of its lifetime one that is in use, when it comes back", async () => {
    const fixture = new Fixture({ maxLifetimeMs: 10_000 })
    const { thing } = await fixture.served()
    await fixture.clock.advance(20_000)
    expect(thing.closed).toEqual([])
    fixture.pool.giveBack(thing, "keep")
    expect(thing.closed).toEqual(["lifetime"])
  })

  it.each([
    [0, 9_000],
    [0.5, 10_000],
    [0.999_999, 11_000],
  ])("varies lifetimes by ten per cent either way: chance %d", async (chance, lifetimeMs) => {
    const fixture = new Fixture({ maxLifetimeMs: 10_000, validateAfterIdleMs: 60_000 }, undefined, () => chance)
    const [thing] = await fixture.idle(1)
    await fixture.clock.advance(lifetimeMs - 1)
    expect(thing?.closed).toEqual([])
    await fixture.clock.advance(1)
    expect(thing?.closed).toEqual(["lifetime"])
  })

  it("has no timer when nothing is open", async () => {
    const fixture = new Fixture({ idleTimeoutMs: 1_000 })
    await fixture.idle(2)
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 1 })
    await fixture.clock.advance(1_000)
    expect(fixture.pool.stats().idle).toBe(0)
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 0 })

    const { thing } = await fixture.served()
    fixture.pool.giveBack(thing, "keep")
    fixture.acquire()
    fixture.pool.giveBack(thing, "discard")
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("keeps min from the first operation on", async () => {
    const fixture = new Fixture({ min: 2, max: 5 })
    fixture.acquire()
    expect(fixture.resources.openings.length).toBe(2)
    await fixture.opens()
    await fixture.opens()
    expect(fixture.pool.stats()).toMatchObject({ idle: 1, leased: 1, opening: 0 })
  })

  it("closes at once one that nobody took after its check if it has been idle for too long by then", async () => {
    const fixture = new Fixture({ max: 1, idleTimeoutMs: 1_000, validateAfterIdleMs: 100 })
    const [thing] = await fixture.idle(1)
    await fixture.clock.advance(900)
    fixture.acquire({ deadline: deadlineAfter(fixture.clock, 50) })
    await fixture.clock.advance(200)
    await fixture.checks(true)
    await fixture.clock.advance(0)
    expect(thing?.closed).toEqual(["idle"])
  })

  it("closes one whose lifetime ended during its check", async () => {
    const fixture = new Fixture({ max: 1, maxLifetimeMs: 10_000 })
    const [thing] = await fixture.idle(1)
    await fixture.clock.advance(9_900)
    const caller = fixture.acquire()
    await fixture.clock.advance(100)
    await fixture.checks(true)
    expect(thing?.closed).toEqual(["lifetime"])
    const opened = await fixture.opens()
    expect(caller.thing).toBe(opened)
  })

  it("does not reap at once, with idleTimeoutMs 0, what somebody waits for", async () => {
    const fixture = new Fixture({ idleTimeoutMs: 0 })
    const caller = await fixture.served()
    expect(caller.thing.closed).toEqual([])
    fixture.pool.giveBack(caller.thing, "keep")
    await fixture.clock.advance(0)
    expect(caller.thing.closed).toEqual(["idle"])
  })

  it("checks with validateAfterIdleMs 0 whatever has rested at all, once", async () => {
    const fixture = new Fixture({ validateAfterIdleMs: 0 })
    await fixture.idle(1)
    await fixture.clock.advance(1)
    const caller = fixture.acquire()
    await fixture.clock.advance(1)
    await fixture.checks(true)
    expect(caller.waits).toBe(false)
  })
})

describe("prefill", () => {
  it("opens min, and answers when the first is open", async () => {
    const fixture = new Fixture({ min: 2 })
    let answer: unknown
    void fixture.pool.prefill().then((outcome) => (answer = outcome))
    expect(fixture.resources.openings.length).toBe(2)
    await fixture.clock.settle()
    expect(answer).toBeUndefined()
    await fixture.opens()
    expect(answer).toEqual({ ok: true, value: undefined })
    expect(fixture.pool.stats()).toMatchObject({ idle: 1, leased: 0, opening: 1 })
  })

  it("answers at once if one is open, or if none has to be", async () => {
    const empty = new Fixture({ min: 0 })
    expect(await empty.pool.prefill()).toEqual({ ok: true, value: undefined })
    expect(empty.resources.openingsBegun).toBe(0)

    const busy = new Fixture({ min: 1, max: 1 })
    await busy.served()
    expect(await busy.pool.prefill()).toEqual({ ok: true, value: undefined })
  })

  it("answers why none can be opened", async () => {
    const fixture = new Fixture({ min: 2 })
    const answer = fixture.pool.prefill()
    await fixture.fails(wrongPassword)
    expect(await answer).toEqual({ ok: false, failure: wrongPassword })
  })

  it("waits in an outage no longer than an acquire would", async () => {
    const fixture = new Fixture({ min: 1, outageWaitMs: 50 })
    const answer = fixture.pool.prefill()
    await fixture.fails(unreachable)
    await fixture.clock.advance(50)
    expect(await answer).toMatchObject({ ok: false, failure: { kind: "connection_failed" } })
  })
})

describe("distrust of one that is in use", () => {
  it("gives up those that have rested for longer, and no others", async () => {
    const fixture = new Fixture({ max: 4 })
    const [oldest, older, newer] = [await fixture.served(), await fixture.served(), await fixture.served()]
    fixture.pool.giveBack(oldest.thing, "keep")
    await fixture.clock.advance(10)
    fixture.pool.giveBack(older.thing, "keep")
    const suspect = fixture.acquire()
    expect(suspect.thing).toBe(older.thing)
    await fixture.clock.advance(10)
    fixture.pool.giveBack(newer.thing, "keep")
    fixture.pool.distrustOlder(suspect.thing)
    expect(oldest.thing.closed).toEqual(["died"])
    expect(newer.thing.closed).toEqual([])
    fixture.pool.giveBack(suspect.thing, "keep")
    fixture.pool.distrustOlder(suspect.thing)
    expect(newer.thing.closed, "one that is not in use says nothing").toEqual([])
  })
})

describe("reset", () => {
  it("closes idle ones now and leased ones when they come back", async () => {
    const fixture = new Fixture()
    const { thing: leased } = await fixture.served()
    const { thing: idle } = await fixture.served()
    fixture.pool.giveBack(idle, "keep")
    fixture.pool.reset()
    expect(idle.closed).toEqual(["generation"])
    expect(leased.closed).toEqual([])
    fixture.pool.giveBack(leased, "keep")
    expect(leased.closed).toEqual(["generation"])
    expect(fixture.pool.stats()).toMatchObject({ idle: 0, leased: 0, generation: 1 })
    expect(fixture.eventsNamed("pool.reset")).toEqual([
      { name: "pool.reset", at: fixture.clock.wallTime(), generation: 1 },
    ])
  })

  it("comes of a failure that takes the whole generation, once, whether or not its connection died of it", async () => {
    const fixture = new Fixture({ max: 4 })
    const [first, second, third] = [await fixture.served(), await fixture.served(), await fixture.served()]
    const { thing: idle } = await fixture.served()
    fixture.pool.giveBack(idle, "keep")
    const demoted: Failure = { ...unreachable, kind: "read_only_transaction", connection: "discard_generation" }
    fixture.pool.giveBack(first.thing, "discard", "failed", demoted)
    expect(idle.closed).toEqual(["generation"])
    fixture.pool.giveBack(second.thing, "discard", "failed", demoted)
    fixture.pool.giveBack(third.thing, "keep")
    expect(third.thing.closed).toEqual(["generation"])
    expect(fixture.eventsNamed("pool.reset")).toHaveLength(1)
  })

  it("does not come of a failure that only its own connection has", async () => {
    const fixture = new Fixture({ max: 2, validateAfterIdleMs: 1_000 })
    const { thing } = await fixture.served()
    const { thing: idle } = await fixture.served()
    fixture.pool.giveBack(idle, "keep")
    fixture.pool.giveBack(thing, "discard", "failed", unreachable)
    expect(idle.closed).toEqual([])
    // Nor is the other one suspected, as it would be of a loss.
    expect(fixture.acquire().thing).toBe(idle)
  })

  it("closes what was being opened or checked, and opens anew for whoever waits for it", async () => {
    const fixture = new Fixture({ max: 3, validateAfterIdleMs: 1_000 })
    const [checked] = await fixture.idle(1)
    await fixture.clock.advance(2_000)
    const callers = [fixture.acquire(), fixture.acquire()]
    expect([fixture.resources.checks.length, fixture.resources.openings.length]).toEqual([1, 1])

    fixture.pool.reset()
    expect(checked?.closed).toEqual(["generation"])
    expect(fixture.resources.openings.length).toBe(3)
    const stale = await fixture.opens()
    expect(stale.closed).toEqual(["generation"])
    expect(callers.map((caller) => caller.waits)).toEqual([true, true])

    await fixture.checks(true)
    const [first, second] = [await fixture.opens(), await fixture.opens()]
    expect(callers.map((caller) => caller.thing)).toEqual([first, second])
  })

  it("does not blame the new generation for an opening of the old one", async () => {
    const fixture = new Fixture({ max: 3 })
    const caller = fixture.acquire()
    fixture.acquire()
    fixture.pool.reset()
    await fixture.fails(wrongPassword)
    await fixture.fails(unreachable)
    expect(caller.waits).toBe(true)
    expect(fixture.resources.openings.length).toBe(2)
    await fixture.opens()
    expect(caller.waits).toBe(false)
    expect(fixture.events.map((event) => event.name)).toEqual([
      "pool.reset",
      "connection.failed",
      "connection.failed",
      "connection.opened",
    ])
  })

  it("fills up to min again", async () => {
    const fixture = new Fixture({ min: 2 })
    await fixture.idle(2)
    fixture.pool.reset()
    expect(fixture.pool.stats()).toMatchObject({ idle: 0, opening: 2 })
  })
})

describe("resize", () => {
  it("opens for those who wait when max grows", () => {
    const fixture = new Fixture({ max: 1 })
    for (let n = 0; n < 3; n += 1) fixture.acquire()
    fixture.pool.resize({ max: 2 })
    expect(fixture.pool.stats()).toMatchObject({ max: 2, opening: 2, waiting: 3 })
  })

  it("closes idle ones above the new max, those used longest ago first, and leased ones when they come back", async () => {
    const fixture = new Fixture({ max: 4 })
    const { thing: leased } = await fixture.served()
    const idle = await fixture.idle(3)
    fixture.pool.resize({ max: 2 })
    expect(idle.map((thing) => thing.closed)).toEqual([["surplus"], ["surplus"], []])

    fixture.acquire()
    fixture.pool.resize({ max: 1 })
    fixture.pool.giveBack(leased, "keep")
    expect(leased.closed).toEqual(["surplus"])
    expect(fixture.pool.stats()).toMatchObject({ max: 1, idle: 0, leased: 1 })
  })

  it("closes an opening that arrives when there is no room for it any more", async () => {
    const fixture = new Fixture({ max: 2 })
    const callers = [fixture.acquire(), fixture.acquire()]
    fixture.pool.resize({ max: 1 })
    const first = await fixture.opens()
    expect(first.closed).toEqual(["surplus"])
    const second = await fixture.opens()
    expect(second.closed).toEqual([])
    expect(callers[0]?.thing).toBe(second)
  })

  it("closes one that comes good out of its check when there is no room for it any more", async () => {
    const fixture = new Fixture({ max: 2, validateAfterIdleMs: 1_000 })
    const [thing] = await fixture.idle(1)
    await fixture.clock.advance(2_000)
    const caller = fixture.acquire()
    const other = fixture.acquire()
    await fixture.opens()
    fixture.pool.resize({ max: 1 })
    await fixture.checks(true)
    expect(thing?.closed).toEqual(["surplus"])
    expect(caller.waits).toBe(false)
    expect(other.waits).toBe(true)
  })

  it("follows min up at once and down in time", async () => {
    const fixture = new Fixture({ max: 3, idleTimeoutMs: 1_000 })
    await fixture.idle(1)
    fixture.pool.resize({ min: 3 })
    expect(fixture.pool.stats()).toMatchObject({ min: 3, opening: 2 })
    await fixture.opens()
    await fixture.opens()
    await fixture.clock.advance(5_000)
    expect(fixture.pool.stats().idle).toBe(3)
    fixture.pool.resize({ min: 1 })
    expect(fixture.pool.stats().idle).toBe(1)
  })

  it("refuses what cannot be, and changes nothing", () => {
    const { pool } = new Fixture({ min: 2, max: 3 })
    expect(() => pool.resize({ max: 1 })).toThrow("a pool cannot hold 2 to 1")
    expect(pool.stats()).toMatchObject({ min: 2, max: 3 })
  })
})

describe("close", () => {
  it("refuses whoever waits or comes", async () => {
    const fixture = new Fixture({ max: 1 })
    await fixture.served()
    const waiter = fixture.acquire()
    await fixture.clock.advance(20)
    void fixture.pool.close({ drainMs: 0 })
    await fixture.clock.settle()
    expect(waiter.failure).toMatchObject({
      kind: "pool_closed",
      message: "The pool was closed after 20 ms of waiting for a connection.",
    })
    expect(fixture.acquire().failure).toMatchObject({
      kind: "pool_closed",
      message: expect.stringContaining("Close it last"),
    })
  })

  it("closes what is idle at once, and tells what is out", async () => {
    const fixture = new Fixture({ max: 2 })
    const [idle] = await fixture.idle(2)
    const holder = fixture.acquire()
    await fixture.pool.close({ drainMs: 0 })
    expect(idle?.closed).toEqual(["closing"])
    expect([...fixture.pool.leased()]).toEqual([holder.thing])
    expect(holder.thing.closed).toEqual([])
  })

  it("once drained has served whoever stood in line, and refused whoever came", async () => {
    const fixture = new Fixture({ max: 1 })
    const { thing } = await fixture.served()
    const inLine = [fixture.acquire(), fixture.acquire()]
    let drained = false
    void fixture.pool.drain().then(() => (drained = true))
    const late = fixture.acquire()
    expect(late).toMatchObject({ atOnce: true, failure: { kind: "pool_closed", effect: "not_applied" } })
    fixture.pool.giveBack(thing, "keep")
    await fixture.clock.settle()
    expect(inLine.map(({ waits }) => waits)).toEqual([false, true])
    fixture.pool.giveBack(thing, "keep")
    await fixture.clock.settle()
    expect(inLine[1]?.thing).toBe(thing)
    expect(drained).toBe(false)
    fixture.pool.giveBack(thing, "keep")
    await fixture.clock.settle()
    expect(drained).toBe(true)
    expect(fixture.acquire().failure.kind).toBe("pool_closed")
    expect(fixture.clock.timers.foreground).toBe(0)
  })

  it("lets in, while it is drained, who goes on with what was begun before", async () => {
    const fixture = new Fixture({ max: 3 })
    const { thing } = await fixture.served()
    void fixture.pool.drain()
    const holder = { holds: (one: unknown) => one === thing }
    const stranger = { holds: () => false }
    expect(fixture.acquire({ holder: stranger }).failure.kind).toBe("pool_closed")
    const inside = fixture.acquire({ holder })
    const again = fixture.acquire({ begun: true })
    await fixture.opens()
    await fixture.opens()
    expect([inside.thing, again.thing]).toHaveLength(2)
    await fixture.pool.close({ drainMs: 0 })
    expect(fixture.acquire({ begun: true }).failure.kind).toBe("pool_closed")
  })

  it("tells whoever is still in line after its draining that it was closed", async () => {
    const fixture = new Fixture({ max: 1 })
    await fixture.served()
    const inLine = fixture.acquire()
    void fixture.pool.drain()
    await fixture.clock.advance(300)
    expect(inLine.waits).toBe(true)
    void fixture.pool.close({ drainMs: 0 })
    await fixture.clock.settle()
    expect(inLine.failure).toMatchObject({
      kind: "pool_closed",
      effect: "not_applied",
      message: "The pool was closed after 300 ms of waiting for a connection.",
    })
  })

  it("waits for what is in use, and closes it as it comes back", async () => {
    const fixture = new Fixture({ max: 2 })
    const things = [(await fixture.served()).thing, (await fixture.served()).thing]
    let closed = false
    void fixture.pool.close({ drainMs: 1_000 }).then(() => (closed = true))
    await fixture.clock.advance(400)
    fixture.pool.giveBack(things[0]!, "keep")
    await fixture.clock.settle()
    expect(closed).toBe(false)
    fixture.pool.giveBack(things[1]!, "discard", "abandoned")
    await fixture.clock.settle()
    expect(closed).toBe(true)
    expect(things.map((thing) => thing.closed)).toEqual([["closing"], ["abandoned"]])
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("waits no longer than drainMs, and lets each who closes wait on its own", async () => {
    const fixture = new Fixture()
    const { thing } = await fixture.served()
    const closed: string[] = []
    void fixture.pool.close({ drainMs: 1_000 }).then(() => closed.push("patient"))
    void fixture.pool.close({ drainMs: 10 }).then(() => closed.push("hasty"))
    await fixture.clock.advance(10)
    expect(closed).toEqual(["hasty"])
    await fixture.clock.advance(990)
    expect(closed).toEqual(["hasty", "patient"])

    expect([...fixture.pool.leased()]).toEqual([thing])
    fixture.pool.giveBack(thing, "keep")
    expect(thing.closed).toEqual(["closing"])
  })

  it("closes what is being opened or checked", async () => {
    const fixture = new Fixture({ max: 2, validateAfterIdleMs: 1_000 })
    const [checked] = await fixture.idle(1)
    await fixture.clock.advance(2_000)
    fixture.acquire()
    fixture.acquire()
    await fixture.pool.close({ drainMs: 1_000 })
    expect(checked?.closed).toEqual(["closing"])
    await fixture.checks(true)
    const opened = await fixture.opens()
    expect(opened.closed).toEqual(["closing"])
    expect(fixture.resources.held).toEqual([])
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("leaves no timer behind after an outage, and reports none for what fails afterwards", async () => {
    const fixture = new Fixture({ min: 2, max: 2 })
    fixture.acquire()
    await fixture.fails(unreachable)
    await fixture.pool.close({ drainMs: 0 })
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 0 })
    await fixture.fails(unreachable)
    await fixture.clock.advance(60_000)
    expect(fixture.resources.openingsBegun).toBe(2)
    expect(fixture.eventsNamed("pool.outage-began")).toHaveLength(1)
  })

  it("is not undone by a reset or a resize", async () => {
    const fixture = new Fixture({ min: 1 })
    await fixture.idle(1)
    await fixture.pool.close({ drainMs: 0 })
    fixture.pool.reset()
    fixture.pool.resize({ min: 2 })
    expect(fixture.pool.stats()).toMatchObject({ opening: 0, generation: 0 })
    expect(await fixture.pool.prefill()).toMatchObject({ ok: false, failure: { kind: "pool_closed" } })
  })
})

it("tells nobody of an opening that fails because the pool was closed", async () => {
  const fixture = new Fixture()
  fixture.acquire()
  await fixture.pool.close({ drainMs: 0 })
  await fixture.fails(unreachable)
  expect(fixture.events.map(({ name }) => name)).not.toContain("connection.failed")
})

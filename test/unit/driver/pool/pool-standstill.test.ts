import { STANDSTILL_MS } from "@kysely-resilient/driver/src/pool/standstill.ts"
import { beforeEach, describe, expect, it } from "vitest"

import type { Thing } from "../../../support/scripted-resources.ts"
import { Fixture, type Caller } from "./pool-fixture.ts"

const holderOf = (...callers: readonly Caller[]): { holds(resource: unknown): boolean } => ({
  holds: (resource) => callers.some((caller) => caller.thing === resource),
})

/** What is at work, and how often each was used. */
let busy: Set<Thing>
let uses: Map<Thing, number>

function pool(max: number): Fixture {
  busy = new Set()
  uses = new Map()
  const fixture = new Fixture({ max })
  fixture.resources.activity = (thing) => (busy.has(thing) ? undefined : (uses.get(thing) ?? 0))
  return fixture
}

beforeEach(() => {
  busy = new Set()
})

describe("when all that are open are held by those who wait for one more", () => {
  it("the last who asked is refused, soon, and told why", async () => {
    const f = pool(2)
    const [a, b] = [await f.served(), await f.served()]
    const first = f.acquire({ holder: holderOf(a) })
    await f.clock.advance(10_000)
    expect(first.waits).toBe(true)
    const last = f.acquire({ holder: holderOf(b) })
    await f.clock.advance(STANDSTILL_MS)
    expect(last.failure).toMatchObject({ kind: "pool_deadlock", retry: "never", effect: "not_applied" })
    expect(last.failure.message).toContain("All 2 connections are held by transactions")
    f.pool.giveBack(b.thing, "keep")
    await f.clock.settle()
    expect(first.thing).toBe(b.thing)
  })

  it("one is refused after the other if they do not give way, and none twice", async () => {
    const f = pool(1)
    const a = await f.served()
    const inside = [1, 2, 3].map(() => f.acquire({ holder: holderOf(a) }))
    await f.clock.advance(STANDSTILL_MS - 1)
    expect(inside.map((caller) => caller.waits)).toEqual([true, true, true])
    await f.clock.advance(1)
    expect(inside.map((caller) => caller.waits)).toEqual([true, true, false])
    await f.clock.advance(10 * STANDSTILL_MS)
    expect(inside.map((caller) => caller.failure.kind)).toEqual(["pool_deadlock", "pool_deadlock", "pool_deadlock"])
    expect(f.pool.stats()).toMatchObject({ leased: 1, waiting: 0 })
  })

  it("those who hold nothing wait on behind them", async () => {
    const f = pool(1)
    const a = await f.served()
    const inside = f.acquire({ holder: holderOf(a) })
    const outside = f.acquire()
    await f.clock.advance(STANDSTILL_MS)
    expect(inside.failure.kind).toBe("pool_deadlock")
    expect(outside.waits).toBe(true)
    f.pool.giveBack(a.thing, "keep")
    await f.clock.settle()
    expect(outside.thing).toBe(a.thing)
  })

  it("is seen when the last of them ends his work, and not only when one asks", async () => {
    const f = pool(1)
    const a = await f.served()
    busy.add(a.thing)
    const inside = f.acquire({ holder: holderOf(a) })
    await f.clock.advance(5_000)
    expect(inside.waits).toBe(true)
    busy.delete(a.thing)
    await f.clock.advance(2 * STANDSTILL_MS)
    expect(inside.failure.kind).toBe("pool_deadlock")
  })

  it("one holder may hold all of them", async () => {
    const f = pool(2)
    const both = holderOf(await f.served(), await f.served())
    const inside = f.acquire({ holder: both })
    await f.clock.advance(STANDSTILL_MS)
    expect(inside.failure.kind).toBe("pool_deadlock")
  })
})

describe("it is no standstill", () => {
  it("while one of those in use is in the hands of somebody who waits for nothing", async () => {
    const f = pool(2)
    const [a, b] = [await f.served(), await f.served()]
    const inside = f.acquire({ holder: holderOf(a) })
    await f.clock.advance(20_000)
    expect(inside.waits).toBe(true)
    f.pool.giveBack(b.thing, "keep")
    await f.clock.settle()
    expect(inside.thing).toBe(b.thing)
  })

  it("while the holder goes on with what he has: he asked in passing", async () => {
    const f = pool(1)
    const a = await f.served()
    const inside = f.acquire({ holder: holderOf(a) })
    for (let n = 1; n <= 20; n += 1) {
      uses.set(a.thing, n)
      await f.clock.advance(STANDSTILL_MS - 1)
    }
    expect(inside.waits).toBe(true)
  })

  it("while another can be opened", async () => {
    const f = pool(2)
    const a = await f.served()
    const inside = f.acquire({ holder: holderOf(a) })
    await f.clock.advance(10 * STANDSTILL_MS)
    expect(inside.waits).toBe(true)
    await f.opens()
    expect(inside.outcome).toMatchObject({ ok: true })
  })

  it("after the one inside has left the line", async () => {
    const f = pool(1)
    const a = await f.served()
    const inside = f.acquire({ holder: holderOf(a), deadline: { at: f.clock.now() + 50, limitMs: 50 } })
    const outside = f.acquire()
    await f.clock.advance(1_000)
    expect(inside.failure.kind).toBe("deadline_exceeded")
    expect(outside.waits).toBe(true)
  })
})

it("whoever waits in vain beside those that do nothing is told so", async () => {
  const f = pool(2)
  const [a] = [await f.served(), await f.served()]
  busy.add(a.thing)
  const waiting = f.acquire()
  await f.clock.advance(30_000)
  expect(waiting.failure).toMatchObject({ kind: "pool_timeout" })
  expect(waiting.failure.message).toContain("1 of those in use run nothing at this moment")
})

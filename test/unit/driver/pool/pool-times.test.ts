import { channels, type PoolMessage } from "@kysely-resilient/driver"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { identity } from "../../../support/identity.ts"
import { Fixture } from "./pool-fixture.ts"

let fixture: Fixture
const sums = (): readonly (readonly [number, number])[] => {
  const { wait, use, create } = fixture.times.read()
  return [wait, use, create].map(({ count, sumMs }) => [count, sumMs] as const)
}

beforeEach(() => {
  fixture = new Fixture({ max: 1, acquireTimeoutMs: 1_000 })
})

describe("PoolTimes", () => {
  it("counts the wait for an opening, the opening itself, and the use", async () => {
    const caller = fixture.acquire()
    await fixture.clock.advance(40)
    await fixture.opens()
    await fixture.clock.advance(7)
    fixture.pool.giveBack(caller.thing, "keep")
    expect(sums()).toEqual([
      [1, 40],
      [1, 7],
      [1, 40],
    ])
  })

  it("counts a wait of nothing for what was idle, and the wait in line behind another", async () => {
    const first = fixture.acquire()
    await fixture.opens()
    fixture.pool.giveBack(first.thing, "keep")
    const second = fixture.acquire()
    expect(second.atOnce).toBe(true)
    const third = fixture.acquire()
    await fixture.clock.advance(25)
    fixture.pool.giveBack(second.thing, "keep")
    await fixture.clock.advance(0)
    fixture.pool.giveBack(third.thing, "discard")
    expect(sums()).toEqual([
      [3, 25],
      [3, 25],
      [1, 0],
    ])
  })

  it("counts who waited in vain as a time-out and not as a wait", async () => {
    fixture.acquire()
    await fixture.opens()
    const vain = fixture.acquire()
    await fixture.clock.advance(1_000)
    expect(vain.failure.kind).toBe("pool_timeout")
    expect(fixture.times.read().timeouts).toBe(1)
    expect(sums()[0]).toEqual([1, 0])
  })

  it("counts nobody who gave up of his own accord", async () => {
    fixture.acquire()
    await fixture.opens()
    const controller = new AbortController()
    fixture.acquire({ signal: controller.signal })
    controller.abort()
    expect(fixture.times.read().timeouts).toBe(0)
  })
})

describe("channels of the pool", () => {
  const told: [string, PoolMessage][] = []
  const acquired = (message: unknown): void => void told.push(["acquired", message as PoolMessage])
  const released = (message: unknown): void => void told.push(["released", message as PoolMessage])

  beforeEach(() => {
    told.length = 0
    channels.acquired.subscribe(acquired)
    channels.released.subscribe(released)
  })

  afterEach(() => {
    channels.acquired.unsubscribe(acquired)
    channels.released.unsubscribe(released)
  })

  it("tell the same times, one by one", async () => {
    const caller = fixture.acquire()
    await fixture.clock.advance(40)
    await fixture.opens()
    await fixture.clock.advance(7)
    fixture.pool.giveBack(caller.thing, "keep")
    expect(told).toEqual([
      ["acquired", { database: identity, durationMs: 40 }],
      ["released", { database: identity, durationMs: 7 }],
    ])
  })
})

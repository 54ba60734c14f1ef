import { rest } from "@kysely-resilient/driver/src/execution/rest.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { Fixture, unreachable, Watched } from "./fixture.ts"

let fixture: Fixture

beforeEach(() => {
  fixture = new Fixture()
  fixture.connections.failures.push(...Array.from({ length: 1_000 }, () => unreachable))
})

const tried = (): number => fixture.told("connection.failed").length

describe("rest", () => {
  it("is over after mostMs at the latest, and then nothing is tried for it any more", async () => {
    const resting = new Watched(rest(fixture.machine, { failure: unreachable, leastMs: 5, mostMs: 100 }))
    await fixture.clock.advance(99)
    expect(resting.settled).toBe(false)
    await fixture.clock.advance(1)
    expect(resting.value).toBe(true)
    const before = tried()
    expect(before).toBeGreaterThan(5)
    await fixture.clock.advance(60_000)
    expect(tried() - before).toBeLessThanOrEqual(1)
  })

  it("ends with its signal, and then nothing is tried for it either", async () => {
    const controller = new AbortController()
    const { signal } = controller
    const resting = new Watched(rest(fixture.machine, { failure: unreachable, leastMs: 5, mostMs: 60_000, signal }))
    await fixture.clock.advance(50)
    controller.abort()
    await fixture.clock.settle()
    expect(resting.value).toBe(false)
    const before = tried()
    await fixture.clock.advance(60_000)
    expect(tried() - before).toBeLessThanOrEqual(1)
    expect(fixture.clock.timers.foreground).toBe(0)
  })

  it("is over when the server is back, though not before leastMs", async () => {
    fixture.connections.failures.length = 0
    const resting = new Watched(rest(fixture.machine, { failure: unreachable, leastMs: 5, mostMs: 60_000 }))
    await fixture.clock.advance(4)
    expect(resting.settled).toBe(false)
    await fixture.clock.advance(1)
    expect(resting.value).toBe(true)
  })
})

import type { CircuitRules } from "@kysely-resilient/driver/src/policy/circuit.ts"
import { describe, expect, it } from "vitest"

import { crowded, DELAY_MS, Fixture, unreachable, type Caller } from "./pool-fixture.ts"

const OUTAGE_WAIT_MS = 1_000
const rules: CircuitRules = { failuresMin: 3, windowMs: 10_000, afterMs: OUTAGE_WAIT_MS, gapMs: 2_000 }

/** A pool whose circuit has opened: nobody has been served for as long as anybody waits. */
async function opened(): Promise<Fixture> {
  const fixture = new Fixture({ max: 3, outageWaitMs: OUTAGE_WAIT_MS }, rules)
  while (fixture.breaker.circuit.state === "closed") {
    if (fixture.pool.stats().waiting === 0) fixture.acquire()
    if (fixture.resources.openings.length > 0) await fixture.fails(unreachable)
    else await fixture.clock.advance(10)
  }
  return fixture
}

/** Until one is being opened. */
async function tried(fixture: Fixture): Promise<void> {
  for (let ms = 0; fixture.resources.openings.length === 0; ms += 10) {
    if (ms > DELAY_MS * 100) throw new Error("nothing is tried")
    await fixture.clock.advance(10)
  }
}

describe("while the circuit is open", () => {
  it("whoever asks is told so at once, with when to come back", async () => {
    const fixture = await opened()
    const caller = fixture.acquire()
    expect(caller.atOnce).toBe(true)
    expect(caller.failure).toMatchObject({
      kind: "circuit_open",
      blame: "server",
      retry: "statement",
      effect: "not_applied",
      phase: "acquire",
      retryAfterMs: expect.any(Number),
      message: expect.stringMatching(/could not be reached .* \(connection_failed; the circuit is open since 0 ms\)/),
    })
    expect(caller.failure.retryAfterMs).toBeGreaterThanOrEqual(250)
    expect(caller.failure.cause).toBeUndefined()
  })

  it("whoever was in line before goes on waiting, and is served first", async () => {
    const fixture = new Fixture({ max: 1, outageWaitMs: OUTAGE_WAIT_MS }, rules)
    const early = fixture.acquire()
    await fixture.clock.advance(0)
    let late: Caller | undefined
    for (let ms = 0; fixture.breaker.circuit.state === "closed"; ms += 10) {
      if (fixture.resources.openings.length > 0) await fixture.fails(unreachable)
      await fixture.clock.advance(10)
      if (ms === 900) late = fixture.acquire()
    }
    expect([early.waits, late?.waits]).toEqual([false, true])
    expect(fixture.acquire().failure.kind).toBe("circuit_open")
    while (fixture.resources.openings.length === 0) await fixture.clock.advance(10)
    await fixture.opens()
    expect(late?.thing).toBeDefined()
  })

  it("the server is looked for though nobody waits, and its first connection closes it", async () => {
    const fixture = await opened()
    await fixture.clock.advance(OUTAGE_WAIT_MS)
    expect(fixture.pool.stats().waiting).toBe(0)
    for (let n = 0; n < 3; n += 1) {
      await tried(fixture)
      expect(fixture.breaker.circuit.state).toBe("half-open")
      expect(fixture.acquire().failure.kind).toBe("circuit_open")
      while (fixture.resources.openings.length > 0) await fixture.fails(unreachable)
      expect(fixture.breaker.circuit.state).toBe("open")
    }
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 1 })
    await tried(fixture)
    await fixture.opens()
    expect(fixture.breaker.circuit.state).toBe("closed")
    expect(fixture.acquire().atOnce).toBe(true)
    expect(fixture.eventsNamed("circuit.opened")).toHaveLength(1)
    expect(fixture.eventsNamed("circuit.closed")).toHaveLength(1)
  })

  it("somebody's statement is never the probe: what is idle serves, what has to be opened is refused", async () => {
    const fixture = await opened()
    await fixture.clock.advance(DELAY_MS * 100)
    const refused = fixture.acquire()
    expect(refused.failure.kind).toBe("circuit_open")
    await fixture.opens()
    expect(fixture.pool.stats()).toMatchObject({ idle: 1 })
  })

  it("a statement that succeeds closes it too: it was on a connection that is left", async () => {
    const fixture = await opened()
    fixture.breaker.succeeded()
    expect(fixture.acquire().waits).toBe(true)
  })

  it("a reset leaves nothing half open", async () => {
    const fixture = await opened()
    await tried(fixture)
    expect(fixture.breaker.circuit.state).toBe("half-open")
    fixture.pool.reset()
    await fixture.fails(unreachable)
    await tried(fixture)
    expect(fixture.breaker.circuit.state).toBe("half-open")
    await fixture.opens()
    expect(fixture.breaker.circuit.state).toBe("closed")
  })

  it("stays half open while another look is under way beside one that has failed", async () => {
    const fixture = await opened()
    await tried(fixture)
    while (fixture.resources.openings.length < 2) await fixture.clock.advance(10)
    await fixture.fails(unreachable)
    expect(fixture.breaker.circuit.state).toBe("half-open")
    while (fixture.resources.openings.length > 0) await fixture.fails(unreachable)
    expect(fixture.breaker.circuit.state).toBe("open")
  })

  it("nothing is tried once the pool is closed", async () => {
    const fixture = await opened()
    await fixture.pool.close({ drainMs: 0 })
    const { openingsBegun } = fixture.resources
    await fixture.clock.advance(60_000)
    expect(fixture.resources.openingsBegun).toBe(openingsBegun)
    expect(fixture.acquire().failure.kind).toBe("pool_closed")
    expect(fixture.clock.timers).toEqual({ foreground: 0, background: 0 })
  })
})

describe("an outage that callers could wait for", () => {
  it("opens no circuit, whatever its length up to outageWaitMs, and is an error for nobody", async () => {
    for (let lengthMs = 10; lengthMs < 600; lengthMs += 45) {
      const fixture = new Fixture({ max: 5, outageWaitMs: OUTAGE_WAIT_MS, waitersMax: 1_000 }, rules)
      const callers = Array.from({ length: 50 }, () => fixture.acquire())
      for (let ms = 0; ms < lengthMs; ms += 10) {
        while (fixture.resources.openings.length > 0) await fixture.fails(unreachable)
        await fixture.clock.advance(10)
        callers.push(fixture.acquire())
      }
      while (callers.some((caller) => caller.waits)) {
        while (fixture.resources.openings.length > 0) await fixture.opens()
        for (const thing of fixture.pool.leased()) fixture.pool.giveBack(thing, "keep")
        await fixture.clock.advance(1)
      }
      expect(callers.flatMap(({ outcome }) => (outcome?.ok === false ? [outcome.failure.message] : []))).toEqual([])
      expect(fixture.eventsNamed("circuit.opened")).toEqual([])
    }
  })

  it("opens none either while the server is full and our connections work", async () => {
    const fixture = new Fixture({ max: 3 }, rules)
    const holder = await fixture.served()
    fixture.acquire()
    for (let ms = 0; ms < 20_000; ms += 100) {
      while (fixture.resources.openings.length > 0) await fixture.fails(crowded)
      await fixture.clock.advance(100)
    }
    expect(holder.thing.closed).toEqual([])
    expect(fixture.eventsNamed("circuit.opened")).toEqual([])
  })
})

import { Breaker } from "@kysely-resilient/driver/src/policy/breaker.ts"
import type { CircuitRules } from "@kysely-resilient/driver/src/policy/circuit.ts"
import type { DriverEvent } from "@kysely-resilient/driver/src/telemetry/events.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"
import { unreachable, wrongPassword } from "../pool/pool-fixture.ts"

const rules: CircuitRules = { failuresMin: 3, windowMs: 10_000, afterMs: 1_000, gapMs: 2_000 }

let clock: FakeClock
let events: DriverEvent[]
let breaker: Breaker

beforeEach(() => {
  clock = new FakeClock()
  events = []
  breaker = new Breaker({ clock, observer: (event) => events.push(event), rules })
})

async function open(): Promise<void> {
  for (let n = 0; n < 3; n += 1) {
    breaker.failed(unreachable)
    await clock.advance(500)
  }
}

describe("Breaker", () => {
  it("tells of each change once", async () => {
    await open()
    const openedAt = clock.wallTime() - 500
    breaker.failed(unreachable)
    breaker.probeBegan()
    breaker.probeBegan()
    breaker.failed(unreachable)
    breaker.probeFailed()
    breaker.probeBegan()
    breaker.succeeded()
    breaker.succeeded()
    expect(events).toEqual([
      { at: openedAt, name: "circuit.opened", failure: unreachable },
      { at: openedAt + 500, name: "circuit.half-opened" },
      { at: openedAt + 500, name: "circuit.half-opened" },
      { at: openedAt + 500, name: "circuit.closed", durationMs: 500 },
    ])
  })

  it("counts only what says that the server is away", async () => {
    for (let n = 0; n < 100; n += 1) {
      breaker.failed(wrongPassword)
      breaker.failed({ ...unreachable, kind: "unique_violation", blame: "statement" })
      breaker.failed({ ...unreachable, kind: "resource_exhausted" })
      breaker.failed({ ...unreachable, kind: "deadline_exceeded", blame: "client" })
      await clock.advance(100)
    }
    expect(breaker.circuit.state).toBe("closed")
    expect(events).toEqual([])
  })

  it("forgets its failures with the first success", async () => {
    for (let n = 0; n < 30; n += 1) {
      breaker.failed(unreachable)
      await clock.advance(100)
      if (n % 9 === 8) breaker.succeeded()
    }
    expect(events).toEqual([])
  })

  it("stays closed where there is none", async () => {
    breaker = new Breaker({ clock, observer: (event) => events.push(event), rules: undefined })
    await open()
    await open()
    breaker.probeBegan()
    breaker.succeeded()
    expect(breaker.circuit.state).toBe("closed")
    expect(events).toEqual([])
  })
})

import { Ending } from "@kysely-resilient/driver/src/pg-pool/ending.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"

let clock: FakeClock
let closed: number
let ending: Ending

beforeEach(() => {
  clock = new FakeClock()
  closed = 0
  ending = new Ending(clock, async () => {
    closed += 1
  })
})

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

describe("Ending", () => {
  it("is over at once where nobody is", async () => {
    await ending.begin()
    expect([ending.begun, ending.over, closed]).toEqual([true, true, 1])
  })

  it("waits for who came in, however long he takes", async () => {
    const left = ending.enter()
    void ending.begin()
    await clock.advance(3_600_000)
    expect(closed).toBe(0)
    left()
    left()
    await settled()
    expect(closed).toBe(1)
  })

  it("waits for a client that works, however long it takes", async () => {
    const client = { working: true }
    const left = ending.hold(client)
    void ending.begin()
    await clock.advance(3_600_000)
    expect(closed).toBe(0)
    left()
    await settled()
    expect(closed).toBe(1)
  })

  it("waits no longer than ten seconds for a client that nobody uses", async () => {
    ending.hold({ working: false })
    void ending.begin()
    await clock.advance(9_999)
    expect(closed).toBe(0)
    await clock.advance(1)
    await settled()
    expect(closed).toBe(1)
  })

  it("waits for a client that was used in between", async () => {
    const client = { working: false }
    ending.hold(client)
    void ending.begin()
    await clock.advance(5_000)
    client.working = true
    await clock.advance(5_000)
    client.working = false
    expect(closed).toBe(0)
    await clock.advance(9_999)
    expect(closed).toBe(0)
    await clock.advance(10_001)
    await settled()
    expect(closed).toBe(1)
  })

  it("waits for others beside a forgotten client", async () => {
    ending.hold({ working: false })
    const left = ending.enter()
    void ending.begin()
    await clock.advance(60_000)
    expect(closed).toBe(0)
    left()
    await clock.advance(10_000)
    await settled()
    expect(closed).toBe(1)
  })
})

import { describe, expect, it } from "vitest"

import type { Failure, Outcome } from "@kysely-resilient/driver/src/failure/failure.ts"
import { Waiters, type Leaving, type WaitOptions } from "@kysely-resilient/driver/src/pool/waiters.ts"

import { FakeClock } from "../../../support/fake-clock.ts"
import { unreachable, wrongPassword } from "./pool-fixture.ts"

function setUp() {
  const clock = new FakeClock()
  const left: Leaving[] = []
  const refusal = (why: Leaving): Failure => {
    left.push(why)
    return wrongPassword
  }
  const waiters = new Waiters<string>({ clock, acquireTimeoutMs: 1_000, refusal, emptied: () => {} })
  const answers: (Outcome<string> | undefined)[] = []
  const join = (options: WaitOptions = {}): void => {
    const index = answers.push(undefined) - 1
    void waiters.join(options).then((outcome) => (answers[index] = outcome))
  }
  return { clock, waiters, left, answers, join }
}

const served = (resource: string): Outcome<string> => ({ ok: true, value: resource })
const refusedWith = (failure: Failure): Outcome<string> => ({ ok: false, failure })

describe("the line", () => {
  it("serves in the order of joining, also after some in the middle and at both ends have left", async () => {
    const { clock, waiters, answers, join } = setUp()
    const controllers = Array.from({ length: 6 }, () => new AbortController())
    for (const { signal } of controllers) join({ signal })
    for (const index of [0, 3, 5]) controllers[index]?.abort()
    expect(waiters.size).toBe(3)
    for (const resource of ["a", "b", "c"]) waiters.serve(resource)
    await clock.settle()
    const out = refusedWith(wrongPassword)
    expect(answers).toEqual([out, served("a"), served("b"), out, served("c"), out])
    expect(waiters.size).toBe(0)
    expect(waiters.first).toBeUndefined()
  })

  it("can be joined again after it was empty", async () => {
    const { clock, waiters, answers, join } = setUp()
    join()
    waiters.serve("a")
    join()
    expect(waiters.first).toBeDefined()
    waiters.serve("b")
    await clock.settle()
    expect(answers).toEqual([served("a"), served("b")])
  })

  it.each([
    ["acquireTimeoutMs", 5_000, 1_000, "acquire-timeout"],
    ["the deadline", 300, 300, "deadline"],
    ["the deadline, if both come together", 1_000, 1_000, "deadline"],
  ] as const)("lets one leave at %s", async (_, deadlineMs, leavesAfterMs, why) => {
    const { clock, waiters, left, answers, join } = setUp()
    join({ deadline: { at: clock.now() + deadlineMs, limitMs: deadlineMs } })
    await clock.advance(leavesAfterMs - 1)
    expect(waiters.size).toBe(1)
    await clock.advance(1)
    expect(left).toEqual([why])
    expect(answers).toEqual([refusedWith(wrongPassword)])
    expect(clock.timers.foreground).toBe(0)
  })

  it("refuses all in its order, and the first alone", async () => {
    const { clock, waiters, left, answers, join } = setUp()
    for (let n = 0; n < 3; n += 1) join()
    waiters.dismissFirst("outage-wait")
    expect(left).toEqual(["outage-wait"])
    waiters.refuseAll(() => unreachable)
    await clock.settle()
    expect(answers).toEqual([wrongPassword, unreachable, unreachable].map(refusedWith))
    waiters.dismissFirst("outage-wait")
    expect(left).toEqual(["outage-wait"])
    expect(clock.timers.foreground).toBe(0)
  })

  it("is not held up by its length", async () => {
    // Twice the time for twice the line, roughly: something that walks it would take four times as long.
    const { clock, waiters, join } = setUp()
    const controller = new AbortController()
    for (let n = 0; n < 100_000; n += 1) {
      join({
        deadline: { at: clock.now() + 1 + (n % 500), limitMs: 1 },
        ...(n % 10_000 === 0 && { signal: controller.signal }),
      })
    }
    expect(clock.timers.foreground).toBe(500)
    controller.abort()
    expect(waiters.size).toBe(100_000 - 10)
    const before = process.cpuUsage()
    for (let n = 0; n < 50_000; n += 1) waiters.serve("resource")
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1_000).toBeLessThan(1_000)
    await clock.advance(500)
    expect(waiters.size).toBe(0)
  })
})

import { expect, it } from "vitest"

import { success } from "@kysely-resilient/driver/src/failure/failure.ts"
import { deadlineAfter } from "@kysely-resilient/driver/src/foundation/deadline.ts"
import { systemClock } from "@kysely-resilient/driver/src/foundation/clock.ts"
import { Breaker } from "@kysely-resilient/driver/src/policy/breaker.ts"
import { Pool } from "@kysely-resilient/driver/src/pool/pool.ts"
import type { Resources } from "@kysely-resilient/driver/src/pool/resources.ts"
import { PoolTimes } from "@kysely-resilient/driver/src/telemetry/pool-times.ts"

import { identity } from "../../../support/identity.ts"
import { options } from "./pool-fixture.ts"

/** The goal, which a quiet machine reaches; a busy one gets four times that. */
const GOAL_CPU_MS = 100

it("serves 10,000 who ask at once on ten, in order, without spending much on it", async () => {
  let opened = 0
  const resources: Resources<number> = {
    open: () => Promise.resolve(success((opened += 1))),
    idOf: (resource) => resource,
    check: () => Promise.resolve(true),
    reusable: () => true,
    close: () => {},
    rest: () => {},
    wake: () => {},
  }
  const pool = new Pool<number>({
    options: { ...options, max: 10, waitersMax: 100_000 },
    resources,
    clock: systemClock,
    random: () => 0.5,
    observer: () => {},
    times: new PoolTimes(identity),
    breaker: new Breaker({ clock: systemClock, observer: () => {}, rules: undefined }),
    openingMaxMs: 5_000,
    outageDelayMs: () => 1,
  })
  const served: number[] = []
  const use = async (order: number): Promise<void> => {
    const acquired = await pool.acquire({ deadline: deadlineAfter(systemClock, 30_000) })
    if (!acquired.ok) return
    served.push(order)
    pool.giveBack(acquired.value, "keep")
  }

  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: 10_000 }, (_, order) => use(order)))
  const { user, system } = process.cpuUsage(before)
  expect(served).toEqual(Array.from({ length: 10_000 }, (_, order) => order))
  expect(opened).toBe(10)
  expect((user + system) / 1_000).toBeLessThan(4 * GOAL_CPU_MS)
  await pool.close({ drainMs: 0 })
})

import type { DriverEvent } from "@kysely-resilient/driver"
import { combineObservers } from "@kysely-resilient/driver/src/telemetry/observer.ts"
import { describe, expect, it } from "vitest"

const reset = { name: "pool.reset", at: 1, generation: 2 } as const

describe("combineObservers", () => {
  it("tells all of them, in order", () => {
    const heard: [string, DriverEvent][] = []
    const observe = combineObservers(
      [(event) => heard.push(["first", event]), undefined, (event) => heard.push(["second", event])],
      fail,
    )
    observe(reset)
    expect(heard).toEqual([
      ["first", reset],
      ["second", reset],
    ])
  })

  it("counts one that throws, and tells the others all the same", () => {
    let failures = 0
    const heard: DriverEvent[] = []
    const observe = combineObservers([broken, (event) => heard.push(event), broken], () => (failures += 1))
    expect(() => observe(reset)).not.toThrow()
    expect({ failures, heard }).toEqual({ failures: 2, heard: [reset] })
  })

  it("counts one whose promise rejects, and leaves nothing unhandled", async () => {
    let failures = 0
    const unhandled: unknown[] = []
    const listener = (reason: unknown): void => void unhandled.push(reason)
    process.on("unhandledRejection", listener)
    const observe = combineObservers([() => Promise.reject(new Error("later"))], () => (failures += 1))
    observe(reset)
    await new Promise((resolve) => setImmediate(resolve))
    process.off("unhandledRejection", listener)
    expect({ failures, unhandled }).toEqual({ failures: 1, unhandled: [] })
  })
})

function broken(): never {
  throw new Error("an observer's own affair")
}

function fail(): never {
  throw new Error("no observer failed")
}

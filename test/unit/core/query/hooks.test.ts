import { tellDefect } from "@kysely-resilient/core/src/query/hooks.ts"
import type { CallbackThrew } from "@kysely-resilient/core/errors"
import { describe, expect, it } from "vitest"

const defect = Object.assign(new Error("callback_threw"), { kind: "callback_threw" }) as unknown as CallbackThrew

describe("a hook", () => {
  it("is told", () => {
    const told: unknown[] = []
    tellDefect({ defect: (error) => told.push(error) }, defect, true)
    expect(told).toEqual([defect])
  })

  it("that throws is not heard, nor one whose promise rejects", async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown): void => void unhandled.push(reason)
    process.on("unhandledRejection", listener)
    const hooks: unknown[] = [
      () => {
        throw new Error("now")
      },
      () => Promise.reject(new Error("later")),
    ]
    for (const hook of hooks) {
      // Types forbid the second one, and JavaScript does not.
      const given: object = { defect: hook }
      expect(() => Reflect.apply(tellDefect, undefined, [given, defect, true])).not.toThrow()
    }
    await new Promise((resolve) => setImmediate(resolve))
    process.off("unhandledRejection", listener)
    expect(unhandled).toEqual([])
  })
})

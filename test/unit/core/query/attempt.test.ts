import { attempt, unsafeDriverError } from "@kysely-resilient/core"
import { err, errAsync, ok, okAsync } from "neverthrow"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"

describe("attempt", () => {
  it("gives the values of what succeeded, and answers plain values and Results", async () => {
    const plain = await attempt(async function* () {
      const a = yield* okAsync(1)
      const b = yield* ok(2)
      return a + b
    })
    expect(valueOf(plain)).toBe(3)
    const result = await attempt(async function* () {
      return okAsync(yield* okAsync(4))
    })
    expect(valueOf(result)).toBe(4)
    const failing = await attempt(async function* () {
      yield* okAsync(1)
      return err("no" as const)
    })
    expect(errorOf(failing)).toBe("no")
  })

  it("leaves with the first Err, and cleans up on the way", async () => {
    const log: string[] = []
    const result = await attempt(async function* () {
      await using _file = { [Symbol.asyncDispose]: async () => void log.push("file closed") }
      try {
        yield* okAsync(1)
        yield* errAsync("no" as const)
        log.push("not reached")
        return 1
      } finally {
        await Promise.resolve()
        log.push("finally")
      }
    })
    expect(errorOf(result)).toBe("no")
    expect(log).toEqual(["finally", "file closed"])
  })

  it.each([
    ["throws", "throw"],
    ["yields an Err of its own", "yield"],
    ["returns something else", "return"],
  ])("keeps the first Err though the clean-up %s", async (_, how) => {
    const result = await attempt(async function* () {
      try {
        yield* errAsync("first" as const)
      } finally {
        /* oxlint-disable no-unsafe-finally -- what a body may do, and must not get away with */
        if (how === "throw") throw new Error("clean-up")
        if (how === "yield") yield* errAsync("second" as const)
        if (how === "return") return 5
        /* oxlint-enable no-unsafe-finally */
      }
      return 1
    })
    expect(errorOf(result)).toBe("first")
  })

  it("does not follow a clean-up that never ends yielding", async () => {
    const result = await attempt(async function* () {
      try {
        yield* errAsync("first" as const)
      } finally {
        for (;;) yield err("again" as const)
      }
    })
    expect(errorOf(result)).toBe("first")
  })

  it.each([
    [
      "throws",
      async function* () {
        yield* okAsync(1)
        throw new Error("boom")
      },
    ],
    [
      "cannot even begin",
      () => {
        throw new Error("boom")
      },
    ],
  ])("answers callback_threw when the body %s", async (_, body) => {
    const error = errorOf(await attempt(body as () => AsyncGenerator<never, number, undefined>))
    expect(error).toMatchObject({ kind: "callback_threw", category: "bug" })
    expect(unsafeDriverError(error)).toEqual(new Error("boom"))
  })

  it("answers callback_threw for what is no body at all", async () => {
    for (const body of [
      undefined,
      () => 5,
      async () => 5,
      async function* () {
        yield 5
      },
    ]) {
      // @ts-expect-error what types forbid, JavaScript does not
      expect(errorOf(await attempt(body))).toMatchObject({ kind: "callback_threw" })
    }
  })
})

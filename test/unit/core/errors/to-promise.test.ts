import { toPromise } from "@kysely-resilient/core"
import { err, errAsync, ok, okAsync } from "neverthrow"
import { expect, it } from "vitest"

it("a promise of a Result resolves with what is in an Ok, and rejects with what is in an Err", async () => {
  const failure = new Error("x")
  expect(await toPromise(ok(1))).toBe(1)
  expect(await toPromise(okAsync(2))).toBe(2)
  expect(await toPromise(Promise.resolve(ok(3)))).toBe(3)
  for (const failed of [err(failure), errAsync(failure), Promise.resolve(err(failure))]) {
    await expect(toPromise(failed)).rejects.toBe(failure)
  }
})

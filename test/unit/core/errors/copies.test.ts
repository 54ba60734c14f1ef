import { join } from "node:path"
import { pathToFileURL } from "node:url"

import type * as core from "@kysely-resilient/core"
import { DatabaseError, describe as tell, isDatabaseError, toProblem, unsafeDriverError } from "@kysely-resilient/core"
import { okAsync } from "neverthrow"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { SourceCopy } from "../../../support/source-copy.ts"

/** A second copy of the package and of all that it stands on, as a dependency's dependency brings it. */
let copy: SourceCopy
let theirs: typeof core

beforeAll(async () => {
  copy = new SourceCopy(["tsconfig.base.json"])
  const path = pathToFileURL(join(copy.folder, "packages/core/src/index.ts")).href
  theirs = (await import(/* @vite-ignore */ path)) as typeof core
})
afterAll(() => copy[Symbol.dispose]())

describe("an error of another copy of this package", () => {
  it("is another copy's indeed, and known as one of ours all the same", async () => {
    expect(theirs.isDatabaseError).not.toBe(isDatabaseError)
    const thrown = new Error("their callback's")
    const failed = await theirs.attempt(async function* () {
      yield* okAsync(1)
      throw thrown
    })
    const error: unknown = failed.isErr() ? failed.error : undefined
    if (!isDatabaseError(error)) throw new Error("it is not known")
    expect(error instanceof DatabaseError).toBe(true)
    expect(theirs.isDatabaseError(error)).toBe(true)
    expect(error.kind).toBe("callback_threw")
    expect(unsafeDriverError(error)).toBe(thrown)
    expect(tell(error)).toContain("What to do:")
    expect(toProblem(error).status).toBe(500)
  })

  it("that claims to be one, and answers with a throw, is looked at without harm", () => {
    const hostile = new Proxy(
      {},
      {
        has: () => true,
        get: () => {
          throw new Error("no")
        },
      },
    )
    expect(unsafeDriverError(hostile)).toBeUndefined()
  })
})

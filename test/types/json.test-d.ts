import { json } from "@kysely-resilient/core"
import type { JsonInput } from "@kysely-resilient/core/schema"
import { describe, expectTypeOf, it } from "vitest"

interface Meta {
  readonly tags: readonly string[]
}

describe("what a json column takes as it is", () => {
  it("is what pg sends as JSON", () => {
    expectTypeOf<Meta>().toExtend<JsonInput>()
    expectTypeOf<{ a: Meta[]; length: string }>().toExtend<JsonInput>()
    expectTypeOf<12 | true | '{"a": 1}'>().toExtend<JsonInput>()
    const written: JsonInput = { a: [1, { b: null }] }
    expectTypeOf(written).toExtend<JsonInput>()
  })

  it("is not what goes out as something else, which json() sends", () => {
    expectTypeOf<readonly string[]>().not.toExtend<JsonInput>()
    expectTypeOf<Date>().not.toExtend<JsonInput>()
    expectTypeOf<Uint8Array>().not.toExtend<JsonInput>()
    expectTypeOf<null>().not.toExtend<JsonInput>()
    expectTypeOf<bigint>().not.toExtend<JsonInput>()
    expectTypeOf(json(["a"])).toExtend<JsonInput>()
    expectTypeOf(json(null)).toExtend<JsonInput>()
  })
})

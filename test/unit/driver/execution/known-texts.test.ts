import { KnownTexts } from "@kysely-resilient/driver/src/execution/known-texts.ts"
import { expect, it } from "vitest"

it("knows what it was told, and nothing else", () => {
  const known = new KnownTexts()
  known.remember("select grow()")
  expect(known.has("select grow()")).toBe(true)
  expect(known.has("select grow() ")).toBe(false)
})

it("forgets the oldest when it is full, and is not fuller for being told twice", () => {
  const known = new KnownTexts()
  for (let n = 1; n <= 1_000; n += 1) known.remember(`select f${n}()`)
  expect(known.has("select f1()")).toBe(true)
  known.remember("select f1001()")
  expect([1, 2, 1_000, 1_001].map((n) => known.has(`select f${n}()`))).toEqual([false, true, true, true])
})

it("does not forget another text for one that it knows already", () => {
  const known = new KnownTexts()
  for (let n = 1; n <= 1_000; n += 1) known.remember(`select f${n}()`)
  known.remember("select f500()")
  expect(known.has("select f1()")).toBe(true)
})

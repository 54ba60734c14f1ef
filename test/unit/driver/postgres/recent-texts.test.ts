import { RecentTexts } from "@kysely-resilient/driver/src/postgres/recent-texts.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

describe("RecentTexts", () => {
  it("keeps what is asked for, however many others come and go", () => {
    const texts = new RecentTexts<number>({ entriesMax: 10, lengthMax: 100 })
    texts.set("kept", 1)
    for (let other = 0; other < 1_000; other += 1) {
      texts.set(`other ${other}`, other)
      expect(texts.get("kept")).toBe(1)
    }
  })

  it("forgets what nobody asks for", () => {
    const texts = new RecentTexts<number>({ entriesMax: 10, lengthMax: 100 })
    texts.set("left", 1)
    for (let other = 0; other < 20; other += 1) texts.set(`other ${other}`, other)
    expect(texts.get("left")).toBeUndefined()
  })

  it("does not keep a text that is too long", () => {
    const texts = new RecentTexts<number>({ entriesMax: 10, lengthMax: 4 })
    texts.set("12345", 1)
    texts.set("1234", 2)
    expect([texts.get("12345"), texts.get("1234"), texts.size]).toEqual([undefined, 2, 1])
  })

  it("property: holds twice its limit at most, and answers what was last said of a text or nothing", () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(30), fc.nat()), { maxLength: 300, size: "max" })
    fc.assert(
      fc.property(steps, (commands) => {
        const texts = new RecentTexts<number>({ entriesMax: 5, lengthMax: 100 })
        const said = new Map<string, number>()
        for (const [set, which, value] of commands) {
          const text = `text ${which}`
          if (set) {
            texts.set(text, value)
            said.set(text, value)
          }
          expect(set ? [value] : [undefined, said.get(text)]).toContain(texts.get(text))
          expect(texts.size).toBeLessThanOrEqual(10)
        }
      }),
    )
  })
})

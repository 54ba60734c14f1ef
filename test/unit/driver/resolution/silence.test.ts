import {
  afterLook,
  silenceOf,
  type BackendSight,
  type Silence,
} from "@kysely-resilient/driver/src/resolution/silence.ts"
import { describe, expect, it } from "vitest"

const STALL_MS = 1_000
const awaited = { uses: 7, heardBytes: 100 }
const fresh: Silence = { awaited, since: 5_000, lookAt: 5_500, doubt: undefined, excuses: 0 }

describe("a silence", () => {
  it("begins when something is awaited, and is worth a look at half time", () => {
    expect(silenceOf(awaited, undefined, 5_000, STALL_MS)).toEqual(fresh)
  })

  it("goes on while the same is awaited and nothing is heard", () => {
    expect(silenceOf({ ...awaited }, fresh, 5_400, STALL_MS)).toBe(fresh)
  })

  it.each([
    ["something was heard", { ...awaited, heardBytes: 101 }],
    ["it is another statement's turn", { ...awaited, uses: 8 }],
  ])("begins anew when %s", (_, now) => {
    const doubted: Silence = { ...fresh, doubt: { backend: "gone" }, excuses: 3 }
    expect(silenceOf(now, doubted, 6_000, STALL_MS)).toEqual({ ...fresh, awaited: now, since: 6_000, lookAt: 6_500 })
  })

  it("is over when nothing is awaited", () => expect(silenceOf(undefined, fresh, 6_000, STALL_MS)).toBeUndefined())
})

describe("a look", () => {
  const sights: readonly BackendSight[] = [
    { backend: "gone" },
    { backend: "unheard" },
    { backend: "at-rest", since: "1.5" },
  ]

  it.each(sights)("that sees it $backend is no proof, for an answer may be on its way; the second is", (sight) => {
    const first = afterLook(fresh, sight, 5_510, STALL_MS)
    expect(first).toEqual({ silence: { ...fresh, doubt: sight, lookAt: 5_900 }, lost: undefined })
    expect(afterLook(first.silence, sight, 5_900, STALL_MS).lost).toBe(sight.backend)
  })

  it.each<[string, BackendSight, BackendSight]>([
    ["it has been at work in between", { backend: "at-rest", since: "1.5" }, { backend: "at-rest", since: "1.6" }],
    ["it sees something else than the first", { backend: "unheard" }, { backend: "at-rest", since: "1.5" }],
    ["it sees something else again", { backend: "at-rest", since: "1.5" }, { backend: "gone" }],
  ])("is no proof when %s", (_, one, two) => {
    const { silence } = afterLook(fresh, one, 5_510, STALL_MS)
    const second = afterLook(silence, two, 5_900, STALL_MS)
    expect(second.lost).toBeUndefined()
    expect(afterLook(second.silence, two, 6_200, STALL_MS).lost).toBe(two.backend)
  })

  it("after a long silence is followed by another one, but not at once", () => {
    const old = { ...fresh, since: 0 }
    expect(afterLook(old, { backend: "gone" }, 90_000, STALL_MS).silence.lookAt).toBe(90_250)
  })

  it.each<BackendSight>([{ backend: "at-work" }, { backend: "unclear" }])(
    "that sees it $backend is followed by ever later ones, and a doubt is forgotten",
    (sight) => {
      let silence: Silence = { ...fresh, doubt: { backend: "gone" } }
      const pauses: number[] = []
      for (let look = 0; look < 8; look += 1) {
        const after = afterLook(silence, sight, 10_000, STALL_MS)
        expect(after).toMatchObject({ lost: undefined, silence: { doubt: undefined } })
        silence = after.silence
        pauses.push(silence.lookAt - 10_000)
      }
      expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
      expect(afterLook(silence, { backend: "gone" }, 70_000, STALL_MS).lost, "one look is none").toBeUndefined()
    },
  )
})

import {
  afterOpening,
  afterRefusal,
  searchMsWithin,
  unsure,
  type Primary,
} from "@kysely-resilient/driver/src/postgres/primary.ts"
import { describe, expect, it } from "vitest"

const known: Primary = { state: "known" }
const sought: Primary = { state: "sought", until: 1_000 }

describe("a session that takes writes", () => {
  it.each([["unsure", unsure] as const, ["known", known] as const, ["sought", sought] as const])(
    "is welcome and makes the primary known when it was %s",
    (_, before) => expect(afterOpening(before, true, 999)).toEqual({ primary: known, welcome: true }),
  )
})

describe("a session that takes none", () => {
  it.each([
    ["is welcome where no primary was ever seen: its users want a standby", unsure, 0, unsure, true],
    ["is welcome while nobody has missed the primary", known, 0, known, true],
    ["is not welcome while a primary is sought", sought, 999, sought, false],
    ["is welcome when the search has taken too long, and it is over with it", sought, 1_000, unsure, true],
  ] as const)("%s", (_, before, now, primary, welcome) =>
    expect(afterOpening(before, false, now)).toEqual({ primary, welcome }),
  )
})

describe("a write that is refused", () => {
  it("begins a search where there was a primary, and only there", () => {
    expect(afterRefusal(known, 100, 900)).toEqual(sought)
    expect(afterRefusal(unsure, 100, 900)).toBe(unsure)
  })

  it("does not prolong a search", () => expect(afterRefusal(sought, 500, 900)).toBe(sought))
})

describe("the time for a search", () => {
  it.each([
    [5_000, 4_500],
    [400, 0],
    [0, 0],
  ])("within a patience of %d ms is %d ms", (patienceMs, searchMs) => expect(searchMsWithin(patienceMs)).toBe(searchMs))
})

import { judgeMarker, type MarkerSeen } from "@kysely-resilient/driver/src/resolution/ask-marker.ts"
import { describe, expect, it } from "vitest"

const claim = { systemId: "7", timeline: "0000000A" }
const seen: MarkerSeen = {
  state: "fenced",
  affected: undefined,
  systemId: "7",
  timeline: "0000000A",
  synchronous: false,
}

describe("on the timeline that it was written on", () => {
  it.each([
    ["fenced", { effect: "not_applied" }],
    ["committed", { effect: "applied" }],
    [undefined, { effect: "undecided" }],
  ] as const)("%s is what it says", (state, finding) => {
    expect(judgeMarker(claim, { ...seen, state })).toMatchObject(finding)
  })

  it("committed is not the whole answer where a standby is to have it too", () => {
    expect(judgeMarker(claim, { ...seen, state: "committed", synchronous: true })).toEqual({ effect: "committed" })
  })

  it("comes with the number of rows that the transaction has left word of", () => {
    expect(judgeMarker(claim, { ...seen, state: "committed", affected: 0n })).toEqual({
      effect: "applied",
      affected: 0n,
    })
  })
})

describe.each([
  ["on a standby that was promoted since", claim, { timeline: "0000000B" }],
  ["of a token that names no timeline", { ...claim, timeline: undefined }, {}],
] as const)("%s", (_, asked, change) => {
  it.each([
    ["fenced", { effect: "not_applied" }],
    ["committed", { effect: "applied" }],
  ] as const)("%s is what it says", (state, finding) => {
    expect(judgeMarker(asked, { ...seen, ...change, state })).toEqual(finding)
  })
})

describe("whoever is the wrong one to ask", () => {
  it.each(["fenced", "committed", undefined])(
    "is the old primary, after its standby has taken over: %s says nothing of what was done there",
    (state) => {
      expect(judgeMarker(claim, { ...seen, state, timeline: "00000009" })).toMatchObject({ effect: "undecided" })
    },
  )

  it("is another database cluster", () => {
    expect(judgeMarker(claim, { ...seen, systemId: "8" })).toMatchObject({ effect: "unknown" })
  })
})

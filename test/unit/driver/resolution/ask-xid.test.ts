import type { ServerLife } from "@kysely-resilient/driver/src/postgres/server-life.ts"
import { judgeXid, type XidSeen } from "@kysely-resilient/driver/src/resolution/ask-xid.ts"
import { describe, expect, it } from "vitest"

const life: ServerLife = { systemId: "7", timeline: "00000001", startedAt: "1.5", resetAt: ["2.5", "3.5"] }
const seen: XidSeen = { life, inRecovery: false, synchronous: false, status: "committed", backend: undefined }

/** Each is another life, or another server. */
const later = [
  ["after a restart", { startedAt: "9.5" }],
  ["after the crash of a backend, which resets statistics and leaves the postmaster", { resetAt: ["9.5", "9.5"] }],
  ["on a standby that was promoted", { timeline: "00000002", startedAt: "9.5" }],
  ["on a standby that was promoted in place", { timeline: "00000002" }],
] as const satisfies readonly (readonly [string, Partial<ServerLife>])[]

describe("in the same life", () => {
  it.each([
    ["committed", { effect: "applied" }],
    ["aborted", { effect: "not_applied" }],
    ["future", { effect: "not_applied" }],
    ["in progress", { effect: "undecided" }],
    [undefined, { effect: "unknown" }],
  ] as const)("%s is what it says", (status, finding) => {
    expect(judgeXid({ life }, { ...seen, status })).toMatchObject(finding)
  })

  it("committed is not the whole answer where a standby is to have it too", () => {
    expect(judgeXid({ life }, { ...seen, synchronous: true })).toEqual({ effect: "committed" })
    expect(judgeXid({ life }, { ...seen, synchronous: true, status: "aborted" })).toEqual({ effect: "not_applied" })
  })

  it("in progress shows whose it is", () => {
    const backend = { processId: 1, awaitsStandby: true, active: true }
    expect(judgeXid({ life }, { ...seen, status: "in progress", backend })).toMatchObject({ backend })
  })

  it("statistics that an administrator has reset are no crash: that resets all of them", () => {
    expect(judgeXid({ life }, { ...seen, life: { ...life, resetAt: ["9.5", "3.5"] } })).toEqual({ effect: "applied" })
  })
})

describe.each(later)("in a later life, %s,", (_, change) => {
  const other = { ...seen, life: { ...life, ...change } }

  it("committed may be somebody else's", () => {
    expect(judgeXid({ life }, other)).toMatchObject({ effect: "unknown" })
  })

  it.each(["aborted", "future", "in progress"] as const)("%s cannot be what was committed before", (status) => {
    expect(judgeXid({ life }, { ...other, status })).toEqual({ effect: "not_applied" })
  })
})

describe("whoever is the wrong one to ask", () => {
  it.each(["committed", "aborted", "future", "in progress"] as const)(
    "is the old primary, after its standby has taken over: %s says nothing of what was done there",
    (status) => {
      const promoted = { ...life, timeline: "0000000A" }
      const old = { ...seen, status, life: { ...life, timeline: "00000009", startedAt: "9.5" } }
      expect(judgeXid({ life: promoted }, old)).toMatchObject({ effect: "undecided" })
    },
  )

  it("is in recovery: it is asked again later", () => {
    expect(judgeXid({ life }, { ...seen, inRecovery: true, status: undefined })).toMatchObject({ effect: "undecided" })
  })

  it.each(["committed", "aborted", "future", "in progress"] as const)(
    "is of another cluster: %s says nothing",
    (status) => {
      const other = { ...seen, status, life: { ...life, systemId: "8" } }
      expect(judgeXid({ life }, other)).toMatchObject({ effect: "unknown" })
      expect(judgeXid({ life }, { ...other, life: undefined })).toMatchObject({ effect: "unknown" })
    },
  )
})

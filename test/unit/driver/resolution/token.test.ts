import { readToken, tokenOf, type AskableClaim } from "@kysely-resilient/driver/src/resolution/token.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const life = { systemId: "7521", timeline: "00000001", startedAt: "1790000000.123456", resetAt: ["1.5", ""] } as const
const claims: readonly AskableClaim[] = [
  { by: "xid", xid: "758", life },
  { by: "xid", xid: "758", life: { ...life, timeline: undefined } },
  {
    by: "marker",
    id: "0199f2a0-0000-7000-8000-0123456789ab",
    systemId: "-7521",
    timeline: undefined,
    backend: undefined,
  },
  {
    by: "marker",
    id: "0199f2a0-0000-7000-8000-0123456789ab",
    systemId: "7521",
    timeline: "0000000A",
    backend: { processId: 42, startedAt: "1790000000.5" },
  },
]

const packed = (content: unknown): string => `kr1.${Buffer.from(JSON.stringify(content)).toString("base64url")}`

describe("a token", () => {
  it.each(claims)("is read as it was written: %o", (claim) => {
    expect(readToken(tokenOf(claim, 5))).toEqual({ claim, issuedAt: 5 })
  })

  it("of a marker is read as well without the timeline that earlier ones did not have", () => {
    const earlier = { by: "marker", issuedAt: 1, id: "0199f2a0-0000-7000-8000-0123456789ab", systemId: "1" }
    expect(readToken(packed(earlier))?.claim).toEqual({
      by: "marker",
      id: earlier.id,
      systemId: "1",
      timeline: undefined,
      backend: undefined,
    })
  })

  it("fits into a URL, a header and a log line", () => {
    for (const claim of claims) expect(tokenOf(claim, Date.now())).toMatch(/^kr1\.[\w-]+$/)
  })

  it.each([undefined, null, 7, "", "kr1.", "kr1.%%%", "kr2.e30", "kr1.e30", packed(null), packed([]), packed("x")])(
    "is nothing like %o",
    (token) => expect(readToken(token)).toBeUndefined(),
  )

  it.each([
    { by: "nothing", issuedAt: 1 },
    { by: "xid", issuedAt: 1, xid: "1'; drop table t; --", life },
    { by: "xid", issuedAt: 1, xid: "1", life: { ...life, startedAt: "now()" } },
    { by: "xid", issuedAt: 1, xid: "1", life: { ...life, systemId: "1 or 1=1" } },
    { by: "xid", issuedAt: 1, xid: "1", life: { ...life, timeline: "x" } },
    { by: "xid", issuedAt: 1, xid: "1", life: { ...life, resetAt: ["'", ""] } },
    { by: "xid", issuedAt: 1, xid: "1", life: { ...life, resetAt: "1" } },
    { by: "xid", xid: "1", life },
    { by: "marker", issuedAt: 1, id: "'; --", systemId: "1" },
    { by: "marker", issuedAt: 1, id: claims[2]?.by === "marker" ? claims[2].id : "", systemId: "x" },
    { by: "marker", issuedAt: 1, id: "0199f2a0-0000-7000-8000-0123456789ab", systemId: "1", timeline: "0000000a" },
    {
      by: "marker",
      issuedAt: 1,
      id: "0199f2a0-0000-7000-8000-0123456789ab",
      systemId: "1",
      backend: { processId: "1; select 1", startedAt: "1" },
    },
  ])("that holds what would not be safe in SQL is none: %o", (content) => {
    expect(readToken(packed(content))).toBeUndefined()
  })

  it("of any making is read or refused, and never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.jsonValue().map(packed), fc.anything()), (token) => {
        expect(["undefined", "object"]).toContain(typeof readToken(token))
      }),
    )
  })
})

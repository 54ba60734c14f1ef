import { audit, wrongBalances, type Held } from "@kysely-resilient/cli/src/drill/audit.ts"
import { Ledger, type Told } from "@kysely-resilient/cli/src/drill/ledger.ts"
import { describe, expect, it } from "vitest"

/** One write of worker 3, that was to make two rows; and what the database holds of it. */
function auditOf(told: Told, rows: number) {
  const ledger = new Ledger()
  ledger.settle(ledger.announce(3, 2), told)
  const held: Held[] = rows === 0 ? [] : [{ worker: 3, seq: 0, rows }]
  const { lost, duplicated, phantoms, torn, unanswered, unknown } = audit(ledger, held)
  return { lost, duplicated, phantoms, torn, unanswered, unknown }
}

const CALM = { lost: [], duplicated: [], phantoms: [], torn: [], unanswered: [], unknown: { applied: 0, absent: 0 } }

describe("the audit", () => {
  it.each([
    ["acknowledged, and there", "ok", 2, {}],
    ["acknowledged, and not there", "ok", 0, { lost: ["3/0"] }],
    ["acknowledged, and there twice", "ok", 4, { duplicated: ["3/0"] }],
    ["acknowledged, and there by half", "ok", 1, { torn: ["3/0"] }],
    ["failed, and not there", "failed", 0, {}],
    ["failed, and there", "failed", 2, { phantoms: ["3/0"] }],
    ["unknown, and there", "unknown", 2, { unknown: { applied: 1, absent: 0 } }],
    ["unknown, and not there", "unknown", 0, { unknown: { applied: 0, absent: 1 } }],
    ["unknown, and there twice", "unknown", 4, { unknown: { applied: 1, absent: 0 }, duplicated: ["3/0"] }],
    ["never answered", "pending", 2, { unanswered: ["3/0"] }],
  ] as const)("of a write that was %s", (_, told, rows, found) => {
    expect(auditOf(told, rows)).toEqual({ ...CALM, ...found })
  })

  it("finds what nobody has asked for", () => {
    const found = audit(new Ledger(), [{ worker: 9, seq: 9, rows: 1 }])
    expect(found.phantoms).toEqual(["9/9"])
  })

  it("finds balances that the ledger does not explain", () => {
    expect(
      wrongBalances([
        { account: 1, balance: 5, expected: 5 },
        { account: 2, balance: 5, expected: 4 },
      ]),
    ).toEqual(["account 2 holds 5 and not 4"])
  })
})

describe("the ledger", () => {
  it("keeps what was told of more writes than it has room for in the beginning", () => {
    const ledger = new Ledger()
    const tokens = Array.from({ length: 10_000 }, (_, index) => ledger.announce(index % 2, 1 + (index % 3)))
    for (const [index, token] of tokens.entries()) if (index % 5 === 0) ledger.settle(token, "ok")
    expect(tokens.map((token) => ledger.find(token)?.told)).toEqual(
      tokens.map((_, index) => (index % 5 === 0 ? "ok" : "pending")),
    )
    expect([...ledger]).toHaveLength(10_000)
    expect(ledger.find({ worker: 0, seq: 5_000 })).toBeUndefined()
  })
})

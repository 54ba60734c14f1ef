import { controlQuery, quoted, refuseControls } from "@kysely-resilient/driver/src/execution/control.ts"
import { describeStatement } from "@kysely-resilient/driver/src/postgres/statement.ts"
import type { TransactionControl } from "@kysely-resilient/driver/src/postgres/transaction-control.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const controls: readonly TransactionControl[] = [
  { kind: "begin" },
  { kind: "commit", chain: false },
  { kind: "commit", chain: true },
  { kind: "rollback", chain: false },
  { kind: "rollback", chain: true },
  { kind: "savepoint", name: "a" },
  { kind: "rollback_to", name: "a" },
  { kind: "release", name: "a" },
  { kind: "prepare_transaction" },
  { kind: "commit_prepared" },
  { kind: "rollback_prepared" },
]

const refusedWhen = (managed: boolean): string[] =>
  controls
    .filter((control) => refuseControls({ control }, managed) !== undefined)
    .map((control) => `${control.kind}${"chain" in control && control.chain ? " and chain" : ""}`)

describe("raw transaction control", () => {
  it("is the caller's own affair where we manage no transaction, but for what nobody could follow", () => {
    expect(refusedWhen(false)).toEqual(["commit and chain", "rollback and chain", "prepare_transaction"])
  })

  it("cannot begin or end a transaction that we manage", () => {
    expect(refusedWhen(true)).toEqual([
      "begin",
      "commit",
      "commit and chain",
      "rollback",
      "rollback and chain",
      "prepare_transaction",
    ])
  })

  it("is refused before it is sent, with what to do instead", () => {
    const refusal = refuseControls({ control: { kind: "commit", chain: false } }, true)
    expect(refusal).toMatchObject({ kind: "refused", retry: "never", effect: "not_applied", connection: "keep" })
    expect(refusal?.message).toMatch(/^COMMIT inside a transaction that this client manages: .* use a savepoint/)
    expect(refuseControls({ control: { kind: "rollback", chain: true } }, false)?.message).toMatch(
      /^ROLLBACK AND CHAIN /,
    )
  })
})

describe("among several statements of one text", () => {
  it("is refused like one that stands alone, by the first that is not allowed", () => {
    const shape = describeStatement(controlQuery("savepoint a; insert into t values (1); rollback to a; commit; begin"))
    expect(shape.control).toBeUndefined()
    expect(shape.controls?.map(({ kind }) => kind)).toEqual(["savepoint", "rollback_to", "commit", "begin"])
    expect(refuseControls(shape, true)?.message).toMatch(/^COMMIT inside/)
    expect(refuseControls(shape, false)).toBeUndefined()
    expect(refuseControls(describeStatement(controlQuery("select ';commit'; select 1")), true)).toBeUndefined()
    expect(refuseControls(describeStatement(controlQuery("select 1; prepare transaction 'x'")), false)).toBeDefined()
  })
})

describe("quoted", () => {
  it.each([
    ["a", '"a"'],
    ["My point", '"My point"'],
    ['say "x"', '"say ""x"""'],
    ["", '""'],
  ])("%j is %s", (name, text) => expect(quoted(name)).toBe(text))

  it("property: a savepoint's name is read back as it was given, unless PostgreSQL would cut it", () => {
    const name = fc.string({ minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(name, (given) => {
        const { control } = describeStatement(controlQuery(`savepoint ${quoted(given)}`))
        expect(control).toEqual({ kind: "savepoint", name: given })
      }),
    )
  })
})

it("one of our own statements reads like a caller's raw SQL", () => {
  const query = controlQuery("show server_version")
  expect(query).toMatchObject({ sql: "show server_version", parameters: [], query: { kind: "RawNode" } })
  expect(describeStatement(query)).toMatchObject({ reads: "ask", single: true })
})

import { whyNotInside } from "@kysely-resilient/core/src/query/inside-options.ts"
import { ok } from "neverthrow"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"
import { scripted } from "../../../support/scripted-database.ts"

describe("what a part of a transaction asks for", () => {
  it.each([
    ["nothing", undefined, {}],
    ["what it has", { isolation: "serializable" }, { isolation: "serializable" }],
    ["less than it has", { isolation: "read committed" }, { isolation: "serializable" }],
    ["what every transaction has", { isolation: "read committed" }, {}],
    ["the same in other words", { isolation: "read committed" }, { isolation: "read uncommitted" }],
    ["what the savepoint can have", { accessMode: "read only" }, {}],
    ["what is the transaction's affair", { timeoutMs: 5, name: "x", retry: false }, {}],
  ] as const)("is no matter where it is %s", (_, asked, began) => {
    expect(whyNotInside(asked, began)).toBeUndefined()
  })

  it.each([
    ["isolation", { isolation: "serializable" }, {}, /^isolation cannot be serializable .* without an isolation level/],
    ["a name", { isolation: "repeatable read" }, { label: "pay", isolation: "read committed" }, /"pay".* as read comm/],
    ["write", { accessMode: "read write" }, { accessMode: "read only" }, /^accessMode cannot be read write/],
    ["deferrable", { deferrable: true }, { isolation: "serializable" }, /^deferrable cannot be true/],
  ] as const)("is refused where it cannot be had: %s", (_, asked, began, why) => {
    expect(whyNotInside(asked, began)).toMatch(why)
  })

  it("is refused before anything is sent, and the transaction goes on", async () => {
    const { db, engine } = scripted()
    const result = await db.transaction(async (tx) => {
      const error = errorOf(await tx.atomic(async () => ok(1), { isolation: "serializable" }))
      expect(error).toMatchObject({ kind: "refused", effect: "not_applied" })
      return tx.exec(tx.deleteFrom("posts"))
    })
    valueOf(result)
    expect(engine.log).toEqual(["1: begin", '1: delete from "posts"', "1: commit", "1: release"])
  })

  it("holds inside of the part, too: read only stays read only", async () => {
    const { db } = scripted()
    const result = await db.transaction((tx) =>
      tx.atomic(async (part) => ok(errorOf(await part.atomic(async () => ok(1), { accessMode: "read write" }))), {
        accessMode: "read only",
      }),
    )
    expect(valueOf(result)).toMatchObject({ kind: "refused" })
  })
})

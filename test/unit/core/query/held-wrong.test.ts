import { createDatabase, type Database } from "@kysely-resilient/core"
import { ok, type Result } from "neverthrow"
import { describe, expect, it } from "vitest"

import { errorOf } from "../../../support/results.ts"
import { scripted, type Shop } from "../../../support/scripted-database.ts"

/** Types forbid all of these, and JavaScript does not. */
const call = async (
  db: Database<Shop>,
  method: keyof Database<Shop>,
  ...given: readonly unknown[]
): Promise<unknown> => {
  const result: Result<unknown, unknown> = await Reflect.apply(Reflect.get(db, method) as () => never, db, given)
  return errorOf(result)
}

describe("parameters whose reading throws what cannot be looked at", () => {
  it("are an error as all others", async () => {
    const { proxy: thrown, revoke } = Proxy.revocable({}, {})
    revoke()
    const parameters = new Proxy([1], {
      get() {
        throw thrown
      },
    })
    const { db } = scripted()
    expect(await call(db, "query", "select $1", parameters)).toMatchObject({ kind: "client_error" })
  })
})

describe("what is no query", () => {
  it.each([
    ["a text", "all", ["select 1"], /^refused: A text is no query: write db\.query\(text, parameters\)/],
    ["nothing", "all", [undefined], /A value of type undefined is no query/],
    ["null", "one", [null], /null is no query/],
    ["a promise", "exec", [Promise.resolve(1)], /A promise is no query: give the query itself/],
    ["an object", "first", [{}], /A value of type object is no query/],
    ["a write to exists", "exists", [scripted().db.deleteFrom("users").returning("id")], /exists takes a SELECT/],
    ["a text to exists", "exists", ["select 1"], /A text is no query/],
    ["a promise in a batch", "batch", [{ a: Promise.resolve(1) }], /A promise is no query/],
    ["a builder to query", "query", [{ sql: "select 1" }], /query takes a text, and its parameters as an array/],
    ["a template's parts", "query", [["select ", ""], 1], /query takes a text/],
    ["one parameter alone", "query", ["select $1", 5], /The parameters of a text are an array/],
    ["named parameters", "query", ["select :id", { id: 1 }], /The parameters of a text are an array/],
  ] as const)("is refused before anything is sent, and said what it is: %s", async (_, method, given, says) => {
    const { db, engine } = scripted()
    const error = await call(db, method, ...given)
    expect(error).toMatchObject({
      kind: "refused",
      effect: "not_applied",
      message: expect.stringMatching(says) as unknown,
    })
    expect(engine.log).toEqual([])
  })
})

describe("options", () => {
  const query = scripted().db.selectFrom("users").select("id")

  it.each([
    [
      "of a statement",
      "all",
      [query, { timeout: 5 }],
      /There is no option timeout here\. Known are name, signal, timeoutMs/,
    ],
    ["that are a text", "all", [query, "name"], /The options must be an object; they are a string/],
    ["that are null", "all", [query, null], /The options must be an object; they are null/],
    ["of a batch", "batch", [{ query }, { timeout: 5 }], /There is no option timeout/],
    [
      "of a transaction",
      "transaction",
      [async () => ok(1), { isolationLevel: "x" }],
      /no option isolationLevel of a transaction/,
    ],
    ["a controller for a signal", "all", [query, { signal: new AbortController() }], /it is an object/],
    [
      "before the callback",
      "transaction",
      [{ isolation: "serializable" }, async () => ok(1)],
      /takes a callback first/,
    ],
    ["no callback", "transaction", [], /takes a callback first/],
    ["no visitor", "forEach", [query], /forEach takes a callback/],
  ] as const)("that cannot be right are refused: %s", async (_, method, given, says) => {
    const { db, engine } = scripted()
    expect(await call(db, method, ...given)).toMatchObject({
      kind: "refused",
      message: expect.stringMatching(says) as unknown,
    })
    expect(engine.log).toEqual([])
  })

  it.each([
    ["a string", "postgres://localhost/x", /options: are a string\. Give an object, createDatabase\(\{ connection/],
    ["null", null, /options: are null/],
    ["an array", [], /options: are an array/],
  ])("of a database are an object, and said to be %s in one line", (_, given, says) => {
    const make = (): unknown => Reflect.apply(createDatabase, undefined, [given])
    expect(make).toThrow(says)
    expect(make).toThrow(/^One option is wrong/)
  })
})

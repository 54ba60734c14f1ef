import { isDatabaseError, type Database, type Tx } from "@kysely-resilient/core"
import { expectErr, expectOk, fakeErrors, recordingDatabase, type Recording } from "@kysely-resilient/testing/core"
import { err, ok } from "neverthrow"
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest"

import { schema, type ShopConstraints, type ShopDB } from "./fixture.ts"

const fake = fakeErrors(schema)
let recording: Recording<ShopDB, ShopConstraints>
let db: Database<ShopDB, ShopConstraints>

beforeEach(() => {
  recording = recordingDatabase(schema)
  db = recording.db
})

const addUser = (email: string, on: Pick<typeof db, "insertInto"> = db) =>
  on.insertInto("users").values({ email, age: null }).returning("id")

describe("a recording database", () => {
  it("is typed as the real one", () => {
    expectTypeOf(db).toEqualTypeOf<Database<ShopDB, ShopConstraints>>()
    expectTypeOf(recordingDatabase<ShopDB>().db).toEqualTypeOf<Database<ShopDB>>()
  })

  it("writes down what it is asked, with its parameters, its name and its transaction", async () => {
    await db.maybeOne(db.selectFrom("users").select("id").where("email", "=", "ann"), { name: "users.find" })
    await db.transaction(async (tx) => (await tx.exec(addUser("bob"))).map(() => 1))
    await db.query("select $1", [7])
    expect(recording.statements).toEqual([
      {
        sql: 'select "id" from "users" where "email" = $1',
        parameters: ["ann"],
        name: "users.find",
        transaction: undefined,
      },
      {
        sql: 'insert into "users" ("email", "age") values ($1, $2) returning "id"',
        parameters: ["bob", null],
        name: undefined,
        transaction: 1,
      },
      { sql: "select $1", parameters: [7], name: undefined, transaction: undefined },
    ])
    expect(recording.log).toEqual([
      'select "id" from "users" where "email" = $1',
      "begin",
      'insert into "users" ("email", "age") values ($1, $2) returning "id"',
      "commit",
      "select $1",
    ])
  })

  it("answers as it was told: rows, counts, errors; by text, name, expression or function", async () => {
    recording.when('from "users"', [
      { id: 1, email: "ann" },
      { id: 2, email: "bob" },
    ])
    recording.when(/^delete/i, { affected: 3 })
    recording.when("posts.first", ({ parameters }) => [{ id: parameters[0] }])
    recording.when(
      (statement) => statement.parameters.includes("taken"),
      fake.unique_violation({ table: "users", constraint: "users_email_key" }),
    )

    const users = db.selectFrom("users").select(["id", "email"])
    expect(expectOk(await db.all(users))).toEqual([
      { id: 1, email: "ann" },
      { id: 2, email: "bob" },
    ])
    expect(expectOk(await db.first(users))).toEqual({ id: 1, email: "ann" })
    expectErr(await db.one(users), { kind: "too_many_rows" })
    expect(expectOk(await db.exec(db.deleteFrom("posts")))).toEqual({ affected: 3n })
    const post = db.selectFrom("posts").select("id").where("id", "=", 9)
    expect(expectOk(await db.one(post, { name: "posts.first" }))).toEqual({ id: 9 })
    expectErr(await db.one(post), { kind: "no_row" })
    const error = expectErr(await db.one(addUser("taken")), { kind: "unique_violation", constraint: "users_email_key" })
    expect(error.query?.sql).toContain('insert into "users"')
    const seen: unknown[] = []
    expect(expectOk(await db.forEach(users, (row) => void seen.push(row.id)))).toEqual({ rows: 2 })
    expect(seen).toEqual([1, 2])
    const both = await db.batch({ users, gone: db.deleteFrom("posts") })
    expect(expectOk(both)).toMatchObject({ users: [{ id: 1 }, { id: 2 }], gone: { affected: 3n } })
  })

  it("lets a test differ from what holds for all, and a rule hold for a number of times", async () => {
    const user = db.selectFrom("users").select("id")
    recording.when("users", [{ id: 1 }])
    recording.when("users", fake.connection_failed(), { times: 1 })
    expectErr(await db.one(user), { kind: "connection_failed" })
    expect(expectOk(await db.one(user))).toEqual({ id: 1 })
    recording.clear()
    expect(recording.statements).toEqual([])
    expectErr(await db.one(user), { kind: "no_row" })
  })

  it("runs a transaction again after a conflict, so that a test sees whether its callback may", async () => {
    recording.when(/^update/, fake.serialization_failure(), { times: 2 })
    const runs: number[] = []
    const result = await db.transaction(async (tx) => {
      runs.push(tx.attempt)
      return tx.exec(tx.updateTable("posts").set({ title: "t" }))
    })
    expectOk(result)
    expect(runs).toEqual([1, 2, 3])
    expect(recording.log.filter((line) => !line.startsWith("update"))).toEqual([
      "begin",
      "rollback",
      "begin",
      "rollback",
      "begin",
      "commit",
    ])
  })

  it("fails a transaction that passes over an error, but not one that had it in a savepoint", async () => {
    recording.when("users", fake.unique_violation())
    const careless = await db.transaction(async (tx) => {
      void (await tx.exec(addUser("ann")))
      return ok("fine")
    })
    const error = expectErr(careless, { kind: "transaction_aborted" })
    expect(isDatabaseError(error.first) && error.first.kind).toBe("unique_violation")
    const careful = await db.transaction(async (tx) => {
      const added = await tx.savepoint((part) => part.exec(addUser("ann")))
      return ok(added.isErr())
    })
    expect(expectOk(careful)).toBe(true)
    expect(recording.log.slice(-5)).toMatchObject([
      expect.stringMatching(/^savepoint/),
      expect.stringMatching(/^insert/),
      expect.stringMatching(/^rollback to/),
      expect.stringMatching(/^release/),
      "commit",
    ])
  })

  it("rolls back what its callback gives up", async () => {
    const body = async (tx: Tx<ShopDB, ShopConstraints>) => {
      await tx.exec(addUser("ann"))
      return err("no" as const)
    }
    expect(expectErr(await db.transaction(body))).toBe("no")
    expect(recording.log.at(-1)).toBe("rollback")
  })

  it("has what a database has: ready, snapshot, close; and no Kysely that executes", async () => {
    expect(expectOk(await db.ready())).toEqual({ serverVersion: "recording", connectMs: 0 })
    expect(db.snapshot().pool).toMatchObject({ leased: 0, waiting: 0 })
    expect(() => db.kysely.selectFrom("users")).toThrow("A recording database has no db.kysely")
    expectOk(await db.close())
    expectErr(await db.query("select 1"), { kind: "pool_closed" })
  })

  it("refuses an error that no database answers with", async () => {
    recording.when("users", fake.no_row())
    const error = expectErr(await db.all(db.selectFrom("users").selectAll()))
    expect(error.kind).toBe("client_error")
  })
})

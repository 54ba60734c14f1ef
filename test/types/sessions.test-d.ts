import {
  attempt,
  createDatabase,
  prepare,
  resilient,
  type Database,
  type QueryError,
  type RawAnswer,
  type Session,
  type TransactionError,
  type Tx,
} from "@kysely-resilient/core"
import type { CallbackThrew } from "@kysely-resilient/core/errors"
import { defineSchema, type Schema } from "@kysely-resilient/core/schema"
import type { Kysely } from "kysely"
import { err, ok, okAsync, type Result, type ResultAsync } from "neverthrow"
import { describe, expectTypeOf, it } from "vitest"

import { db, type Shop } from "./shop.ts"

const addUser = () => db.insertInto("users").values({ email: "a@x", born: new Date() })
const users = () => db.selectFrom("users").select("id")

describe("createDatabase", () => {
  it("reads its types from a schema, or is given them", () => {
    const schema = defineSchema<Shop, { users: object }>({ tables: {} })
    expectTypeOf(schema).toEqualTypeOf<Schema<Shop, { users: object }>>()
    expectTypeOf(createDatabase({ schema })).toEqualTypeOf<Database<Shop, { users: object }>>()
    expectTypeOf(createDatabase({ schema, pool: { max: 5 } })).toEqualTypeOf<Database<Shop, { users: object }>>()
    expectTypeOf(createDatabase<Shop>({ connection: "postgres://h/d" })).toEqualTypeOf<Database<Shop>>()
    expectTypeOf(createDatabase<Shop>()).toEqualTypeOf<Database<Shop>>()
    expectTypeOf(db.kysely).toEqualTypeOf<Kysely<Shop>>()
    // @ts-expect-error there is no such option
    createDatabase<Shop>({ conection: "postgres://h/d" })
    // @ts-expect-error nor such a table
    void createDatabase({ schema }).selectFrom("orders")
  })
})

describe("exec, exists, query and batch", () => {
  it("answer counts, truth, raw rows and records", async () => {
    expectTypeOf(await db.exec(addUser())).toEqualTypeOf<Result<{ readonly affected: bigint }, QueryError>>()
    expectTypeOf(await addUser().$call(db.exec)).toEqualTypeOf<Result<{ readonly affected: bigint }, QueryError>>()
    expectTypeOf(await db.exec(db.schema.dropTable("users"))).toEqualTypeOf<
      Result<{ readonly affected: bigint }, QueryError>
    >()
    expectTypeOf(await db.exists(users())).toEqualTypeOf<Result<boolean, QueryError>>()
    expectTypeOf(await db.query<{ n: number }>("select 1 n")).toEqualTypeOf<
      Result<RawAnswer<{ n: number }>, QueryError>
    >()
    expectTypeOf(await db.query("select 1")).toEqualTypeOf<Result<RawAnswer<Record<string, unknown>>, QueryError>>()
  })

  it("a batch answers by entry: rows, or a count where there are none", async () => {
    const answers = await db.batch({ ids: users(), added: addUser(), back: addUser().returning("email") })
    expectTypeOf(answers._unsafeUnwrap().ids).toEqualTypeOf<{ id: bigint }[]>()
    expectTypeOf(answers._unsafeUnwrap().added).toEqualTypeOf<{ readonly affected: bigint }>()
    expectTypeOf(answers._unsafeUnwrap().back).toEqualTypeOf<{ email: string }[]>()
    expectTypeOf(answers._unsafeUnwrapErr()).toEqualTypeOf<QueryError>()
    // @ts-expect-error a string is no query
    void db.batch({ ids: "select 1" })
  })

  it("a batch answers either, where RETURNING depends on a condition", async () => {
    const [flag] = [true]
    const may = addUser().$if(flag, (q) => q.returning("id"))
    const does = addUser()
      .returning("id")
      .$if(flag, (q) => q.returning("email"))
    const answers = (await db.batch({ may, does, prepared: prepare("may", () => may)() }))._unsafeUnwrap()
    type Either = { id?: bigint }[] | { readonly affected: bigint }
    expectTypeOf(answers.may).toEqualTypeOf<Either>()
    expectTypeOf(answers.prepared).toEqualTypeOf<Either>()
    expectTypeOf(answers.does).toEqualTypeOf<{ id: bigint; email?: string }[]>()
    const names = (await db.batch({ a: db.updateTable("users").set({ email: "b" }).returning("name") }))._unsafeUnwrap()
    expectTypeOf(names.a).toExtend<readonly { name: string | null }[]>()
  })
})

describe("streams", () => {
  it("give Results, row by row", async () => {
    expectTypeOf(db.stream(users())).toEqualTypeOf<AsyncIterable<Result<{ id: bigint }, QueryError>>>()
    expectTypeOf(users().$call(db.stream)).toEqualTypeOf<AsyncIterable<Result<{ id: bigint }, QueryError>>>()
    const visited = db.forEach(users(), (row) => {
      expectTypeOf(row).toEqualTypeOf<{ id: bigint }>()
      return row.id > 5n ? err("enough" as const) : ok(undefined)
    })
    expectTypeOf(visited).toEqualTypeOf<ResultAsync<{ readonly rows: number }, QueryError | "enough" | CallbackThrew>>()
    const silent = db.forEach(users(), async () => {})
    expectTypeOf(silent).toEqualTypeOf<ResultAsync<{ readonly rows: number }, QueryError | CallbackThrew>>()
    // @ts-expect-error milliseconds are a number
    void db.stream(users(), { timeoutMs: "5" })
  })
})

describe("transactions", () => {
  it("answer what their callback's Oks and Errs hold, however they are mixed", async () => {
    const placed = db.transaction(async (tx) => {
      const user = await tx.one(addUser().returning("id"))
      if (user.isErr()) return user
      const posts = await tx.exec(tx.deleteFrom("posts"))
      if (posts.isErr()) return posts
      if (posts.value.affected > 5n) return err("too many" as const)
      return user
    })
    expectTypeOf((await placed)._unsafeUnwrap()).toEqualTypeOf<{ id: bigint }>()
    expectTypeOf<"too many">().toExtend<ErrorIn<typeof placed>>()
    expectTypeOf<TransactionError>().toExtend<ErrorIn<typeof placed>>()
    expectTypeOf<"something else">().not.toExtend<ErrorIn<typeof placed>>()
  })

  it("take callbacks that return a Result, a promise of one, or a ResultAsync", async () => {
    expectTypeOf((await db.transaction(() => ok(1)))._unsafeUnwrap()).toEqualTypeOf<number>()
    expectTypeOf((await db.transaction(async () => ok("s")))._unsafeUnwrap()).toEqualTypeOf<string>()
    expectTypeOf((await db.transaction((tx) => tx.all(users())))._unsafeUnwrap()).toEqualTypeOf<{ id: bigint }[]>()
    expectTypeOf((await db.transaction(async () => err("no" as const)))._unsafeUnwrap()).toEqualTypeOf<never>()
    // @ts-expect-error a callback answers a Result
    void db.transaction(async () => 5)
    // @ts-expect-error and not nothing
    void db.transaction(async () => {})
  })

  it("give a handle that knows its run, and has no transaction of its own", () => {
    void db.transaction(async (tx) => {
      expectTypeOf(tx).toEqualTypeOf<Tx<Shop>>()
      expectTypeOf(tx.attempt).toEqualTypeOf<number>()
      expectTypeOf(tx.signal).toEqualTypeOf<AbortSignal>()
      // @ts-expect-error nested ones are savepoints
      void tx.transaction
      const part = await tx.savepoint((inner) => inner.all(users()))
      expectTypeOf(part).toEqualTypeOf<Result<{ id: bigint }[], QueryError | TransactionError>>()
      return part
    })
  })

  it("know only PostgreSQL's isolation levels", () => {
    void db.transaction(async () => ok(1), { isolation: "serializable" })
    expectTypeOf<"snapshot">().not.toExtend<NonNullable<Parameters<typeof db.transaction>[1]>["isolation"]>()
  })
})

describe("sessions", () => {
  it("are what a database, a transaction, a savepoint and a pinned connection have in common", () => {
    const addTwice = (session: Session<Shop>) =>
      session.atomic(async (tx) => {
        const first = await tx.exec(addUser())
        return first.isErr() ? first : tx.exec(addUser())
      })
    expectTypeOf(addTwice).toBeCallableWith(db)
    void db.transaction((tx) => addTwice(tx))
    void db.withConnection((session) => addTwice(session))
    expectTypeOf(addTwice(db)).toEqualTypeOf<ResultAsync<{ readonly affected: bigint }, TransactionError>>()
  })
})

describe("attempt", () => {
  it("collects the errors of what it yields, and answers plain values and Results alike", () => {
    const plain = attempt(async function* () {
      const found = yield* db.all(users())
      expectTypeOf(found).toEqualTypeOf<{ id: bigint }[]>()
      const answer = yield* okAsync<number, "no">(1)
      return { found, answer }
    })
    expectTypeOf(plain).toEqualTypeOf<
      ResultAsync<{ found: { id: bigint }[]; answer: number }, QueryError | "no" | CallbackThrew>
    >()
    const result = attempt(async function* () {
      yield* db.exec(addUser())
      return ok("fine")
    })
    expectTypeOf(result).toEqualTypeOf<ResultAsync<string, TransactionError>>()
  })
})

describe("resilient", () => {
  it("gives a function of the same type", () => {
    const named = async (id: number, name?: string) => db.all(users()).map((rows) => [id, name, rows.length] as const)
    expectTypeOf(resilient(named)).toEqualTypeOf<typeof named>()
    expectTypeOf(resilient({ attemptsMax: 5 })(named)).toEqualTypeOf<typeof named>()
    const chained = () => db.all(users())
    expectTypeOf(resilient(chained)).toEqualTypeOf<typeof chained>()
    // @ts-expect-error what answers at once has not asked a database
    resilient(() => 1)
    // @ts-expect-error there is no such option
    resilient(named, { attempts: 5 })
  })

  it("decorates methods and nothing else", () => {
    class Desk {
      @resilient
      async names(): Promise<Result<{ id: bigint }[], QueryError>> {
        return db.all(users())
      }

      @resilient({ attemptsMax: 5, name: "desk" })
      async count(least: number): Promise<number> {
        return least
      }

      // @ts-expect-error it is no promise
      @resilient
      now(): number {
        return 1
      }
    }
    expectTypeOf<Desk["count"]>().toEqualTypeOf<(least: number) => Promise<number>>()
  })
})

type ErrorIn<R> = R extends ResultAsync<unknown, infer E> ? E : never

import { once } from "node:events"
import { setTimeout as pause } from "node:timers/promises"

import { ResilientPool, type ResilientPoolConfig } from "@kysely-resilient/driver/pg-pool"
import { Kysely, PostgresDialect, sql } from "kysely"
import pg from "pg"
import Cursor from "pg-cursor"
import { afterEach, beforeAll, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)

beforeAll(async () => {
  await database.ask("create table people (id int primary key, name text not null, born date)")
  await database.ask("insert into people values (1, 'ann', '2000-02-01'), (2, 'bob', null)")
  await database.ask("create table marks (mark text)")
  await database.ask("create sequence counter")
})

type Make = (config?: ResilientPoolConfig) => pg.Pool

/** What `error` says that code looks at. */
async function rejection(work: Promise<unknown>): Promise<Error> {
  try {
    await work
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error("it was to be rejected with an Error")
}

/** Past the types, as JavaScript may do it. */
function loosely(object: object, method: string, ...parameters: readonly unknown[]): unknown {
  const found: unknown = Reflect.get(object, method)
  return typeof found === "function" ? Reflect.apply(found, object, parameters) : undefined
}

async function until(reached: () => boolean): Promise<void> {
  const limitAt = performance.now() + 4_000
  while (!reached() && performance.now() < limitAt) await pause(5)
  expect(reached()).toBe(true)
}

async function kill(pid: unknown): Promise<void> {
  await database.ask("select pg_terminate_backend($1)", [pid])
}

/** The same assertions for both: what is written for the one must work with the other. */
describe.each<[string, (config: ResilientPoolConfig) => pg.Pool]>([
  ["pg.Pool", (config) => new pg.Pool(config)],
  ["ResilientPool", (config) => new ResilientPool(config)],
])("%s", (_, create) => {
  const pools: pg.Pool[] = []
  const make: Make = (config = {}) => {
    const pool = create({ connectionString: database.url, max: 2, ...config })
    pools.push(pool)
    return pool
  }

  afterEach(async () => {
    await Promise.all(pools.splice(0).map(async (pool) => (pool.ending ? undefined : pool.end())))
  })

  describe("query", () => {
    it("takes a text", async () => {
      const { rows } = await make().query("select 1 as one, 'x' as x, null as nothing")
      expect(rows).toEqual([{ one: 1, x: "x", nothing: null }])
    })

    it("takes a text and values", async () => {
      const { rows } = await make().query("select $1::int + $2::int as sum", [1, 2])
      expect(rows).toEqual([{ sum: 3 }])
    })

    it("takes undefined and null for no values", async () => {
      const pool = make()
      expect((await pool.query("select 1 as one", undefined)).rowCount).toBe(1)
      expect((await pool.query("select 1 as one", [])).rowCount).toBe(1)
    })

    it("takes a config", async () => {
      const { rows } = await make().query({ text: "select name from people where id = $1", values: [1] })
      expect(rows).toEqual([{ name: "ann" }])
    })

    it("takes values beside a config", async () => {
      const { rows } = await make().query({ text: "select name from people where id = $1" }, [2])
      expect(rows).toEqual([{ name: "bob" }])
    })

    it("gives rows as arrays", async () => {
      const { rows, fields } = await make().query({ text: "select 1 as a, 2 as a", rowMode: "array" })
      expect(rows).toEqual([[1, 2]])
      expect(fields.map((field) => field.name)).toEqual(["a", "a"])
    })

    it("gives the last of two columns of one name", async () => {
      expect((await make().query("select 1 as a, 2 as a")).rows).toEqual([{ a: 2 }])
    })

    it("describes the columns", async () => {
      const { fields } = await make().query("select id, name from people where false")
      const [{ oid } = {}] = await database.ask("select 'people'::regclass::int as oid")
      expect(fields).toMatchObject([
        {
          name: "id",
          tableID: oid,
          columnID: 1,
          dataTypeID: 23,
          dataTypeSize: 4,
          dataTypeModifier: -1,
          format: "text",
        },
        { name: "name", tableID: oid, columnID: 2, dataTypeID: 25, dataTypeSize: -1, format: "text" },
      ])
    })

    it.each([
      ["select 1", { command: "SELECT", rowCount: 1, oid: null }],
      ["insert into marks values ('a'), ('b')", { command: "INSERT", rowCount: 2, oid: 0 }],
      ["update marks set mark = 'c' where mark = 'a'", { command: "UPDATE", rowCount: 1, oid: null }],
      ["delete from marks", { command: "DELETE", rowCount: 2, oid: null }],
      ["create table if not exists more (x int)", { command: "CREATE", rowCount: null, oid: null }],
      ["select 1 where false", { command: "SELECT", rowCount: 0, oid: null }],
      ["show server_version", { command: "SHOW", rowCount: null, oid: null }],
      ["", { command: null, rowCount: null, rows: [], fields: [] }],
    ])("answers %j as %j", async (text, expected) => {
      if (text.startsWith("update") || text === "delete from marks") {
        await database.ask("truncate marks")
        await database.ask("insert into marks values ('a'), ('b')")
      }
      expect(await make().query(text)).toMatchObject(expected)
    })

    it("gives the rows of a write, and of a SELECT that writes", async () => {
      const pool = make()
      const written = await pool.query("insert into marks values ($1), ('b') returning mark", ["a"])
      expect(written).toMatchObject({ command: "INSERT", rowCount: 2, rows: [{ mark: "a" }, { mark: "b" }] })
      for (const n of ["1", "2"]) {
        expect((await pool.query("select setval('counter', $1) as n", [n])).rows).toEqual([{ n }])
      }
      const both = "with written as (insert into marks values ('c') returning mark) select mark from written"
      expect(await pool.query(both)).toMatchObject({
        command: "SELECT",
        rows: [{ mark: "c" }],
        fields: [{ name: "mark" }],
      })
      expect((await pool.query({ text: both, rowMode: "array" })).rows).toEqual([["c"]])
      const client = await pool.connect()
      expect((await client.query(`${both} -- again`)).rows).toEqual([{ mark: "c" }])
      expect((await client.query("select setval('counter', 3) as n")).rows).toEqual([{ n: "3" }])
      expect((await client.query("delete from marks where mark = 'a' returning mark")).rows).toEqual([{ mark: "a" }])
      client.release()
    })

    it("gives a Result of pg's", async () => {
      expect(await make().query("select 1")).toBeInstanceOf(pg.Result)
    })

    it("gives one result for each of several statements", async () => {
      const results: unknown = await make().query("select 1 as a; create temp table t (x int); select 2 as b")
      expect(results).toMatchObject([
        { command: "SELECT", rows: [{ a: 1 }] },
        { command: "CREATE", rows: [] },
        { command: "SELECT", rows: [{ b: 2 }] },
      ])
    })

    it("refuses several statements with values, as the server does", async () => {
      const error = await rejection(make().query("select $1::int; select 2", [1]))
      expect(error).toMatchObject({ code: "42601" })
    })

    it.each([
      ["a Date", new Date(Date.UTC(2020, 0, 2)), "timestamptz", new Date(Date.UTC(2020, 0, 2))],
      ["a Buffer", Buffer.from([0, 255]), "bytea", Buffer.from([0, 255])],
      ["an array", [1, 2, null], "int[]", [1, 2, null]],
      ["an object", { a: [1] }, "jsonb", { a: [1] }],
      ["null", null, "text", null],
      ["undefined", undefined, "text", null],
      ["a bigint", 9_007_199_254_740_993n, "int8", "9007199254740993"],
      ["what has toPostgres", { toPostgres: () => "odd" }, "text", "odd"],
    ])("sends %s", async (_name, value, type, expected) => {
      const { rows } = await make().query(`select $1::${type} as value`, [value])
      expect(rows).toEqual([{ value: expected }])
    })

    it("takes parsers of types for one query", async () => {
      const types = { getTypeParser: (): ((text: string) => string) => (text) => `<${text}>` }
      const { rows } = await make().query({ text: "select 1 as one", types })
      expect(rows).toEqual([{ one: "<1>" }])
    })

    it("takes parsers of types for the pool", async () => {
      const types = new pg.TypeOverrides()
      types.setTypeParser(pg.types.builtins.INT4, (text) => `int ${text}`)
      expect((await make({ types }).query("select 1 as one, 'x' as x")).rows).toEqual([{ one: "int 1", x: "x" }])
    })

    it("rejects with what a parser of types throws, and goes on", async () => {
      const pool = make()
      const types = {
        getTypeParser: () => () => {
          throw new RangeError("no such number")
        },
      }
      expect(await rejection(pool.query({ text: "select 1 as one", types }))).toBeInstanceOf(RangeError)
      expect((await pool.query("select 2 as two")).rows).toEqual([{ two: 2 }])
    })

    it("rejects with the server's own error", async () => {
      const error = await rejection(make().query("insert into people values (1, 'ann')"))
      expect(error).toBeInstanceOf(pg.DatabaseError)
      expect(error).toMatchObject({
        code: "23505",
        severity: "ERROR",
        constraint: "people_pkey",
        table: "people",
        schema: "public",
        detail: "Key (id)=(1) already exists.",
        message: 'duplicate key value violates unique constraint "people_pkey"',
      })
    })

    it("says where in the text the error is", async () => {
      expect(await rejection(make().query("select bogus"))).toMatchObject({ code: "42703", position: "8" })
    })

    it("rejects with a stack that leads to the caller", async () => {
      const error = await rejection(make().query("select bogus"))
      expect(error.stack).toContain("conformance.test")
    })

    it.each<[string, () => unknown[], string]>([
      ["values that are no array", () => ["select 1", "x"], "Query values must be an array"],
      [
        "neither text nor name",
        () => [{}],
        "A query must have either text or a name. Supplying neither is unsupported.",
      ],
      ["null", () => [null], "Client was passed a null or undefined query"],
    ])("refuses %s", async (_name, parameters, message) => {
      const pool = make()
      const error = await rejection(Promise.resolve(loosely(pool, "query", ...parameters())))
      expect(error.message).toBe(message)
    })

    it("calls back with the result", async () => {
      const pool = make()
      const told = await new Promise((resolve) => {
        expect(pool.query("select 1 as one", (error, result) => resolve([error, result.rows]))).toBeUndefined()
      })
      expect(told).toEqual([undefined, [{ one: 1 }]])
    })

    it("calls back with values given, with a config, and with an error", async () => {
      const pool = make()
      const rows = await new Promise((resolve) =>
        pool.query("select $1::int as n", [3], (_error, result) => resolve(result.rows)),
      )
      expect(rows).toEqual([{ n: 3 }])
      const array = await new Promise((resolve) =>
        pool.query({ text: "select 4", rowMode: "array" }, (_error, result) => resolve(result.rows)),
      )
      expect(array).toEqual([[4]])
      const error = await new Promise((resolve) => pool.query("select bogus", (failed) => resolve(failed)))
      expect(error).toMatchObject({ code: "42703" })
    })

    it("refuses a function in the place of a text, to that function", async () => {
      const pool = make()
      const error = await new Promise<Error>((resolve) => void loosely(pool, "query", resolve))
      expect(error.message).toBe("Passing a function as the first parameter to pool.query is not supported")
    })

    it("prepares a named statement once for each connection", async () => {
      const pool = make({ max: 1 })
      for (const n of [1, 2, 3]) {
        const { rows } = await pool.query({ name: "number", text: "select $1::int as n", values: [n] })
        expect(rows).toEqual([{ n }])
      }
      const { rows } = await pool.query("select name, statement from pg_prepared_statements")
      expect(rows).toEqual([{ name: "number", statement: "select $1::int as n" }])
    })

    it("prepares a named statement again after it has failed", async () => {
      const pool = make({ max: 1 })
      const divide = (by: number): Promise<pg.QueryResult> =>
        pool.query({ name: "divide", text: "select 6 / $1::int as quotient", values: [by] })
      expect(await rejection(divide(0))).toMatchObject({ code: "22012" })
      expect((await divide(2)).rows).toEqual([{ quotient: 3 }])
    })

    it("runs a named statement by its name alone", async () => {
      const pool = make({ max: 1 })
      await pool.query({ name: "twice", text: "select 2 * $1::int as n", values: [1] })
      expect(await loosely(pool, "query", { name: "twice", values: [4] })).toMatchObject({ rows: [{ n: 8 }] })
    })

    it("runs many at once", async () => {
      const pool = make()
      const all = await Promise.all(Array.from({ length: 50 }, (_value, n) => pool.query("select $1::int as n", [n])))
      expect(all.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 50 }, (_value, n) => n))
      expect(pool.totalCount).toBeLessThanOrEqual(2)
    })

    it("is cut short by query_timeout", async () => {
      const error = await rejection(make({ query_timeout: 50 }).query("select pg_sleep(10)"))
      expect(error.message).toBe("Query read timeout")
    })

    it("is cut short by statement_timeout", async () => {
      const error = await rejection(make({ statement_timeout: 50 }).query("select pg_sleep(10)"))
      expect(error).toMatchObject({ code: "57014", message: "canceling statement due to statement timeout" })
    })
  })

  describe("connect", () => {
    it("gives a client, by promise", async () => {
      const client = await make().connect()
      expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }])
      client.release()
    })

    it("gives a client, by callback", async () => {
      const rows = await new Promise((resolve) => {
        make().connect((error, client, release) => {
          client?.query("select 1 as one", (_failed, result) => {
            release()
            resolve([error, result.rows])
          })
        })
      })
      expect(rows).toEqual([undefined, [{ one: 1 }]])
    })

    it("throws when it is released twice", async () => {
      const client = await make().connect()
      client.release()
      expect(() => client.release()).toThrow("Release called on client which has already been released to the pool.")
    })

    it("is an instance of what pg has for it, and so is the pool", async () => {
      const pool = make()
      const client = await pool.connect()
      expect(pool).toBeInstanceOf(pg.Pool)
      expect(client).toBeInstanceOf(pg.Client)
      client.release()
    })

    it("gives the same client for the same connection", async () => {
      const pool = make({ max: 1 })
      const first = await pool.connect()
      first.release()
      await until(() => pool.idleCount === 1)
      const second = await pool.connect()
      second.release()
      expect(second).toBe(first)
    })

    it.each([
      ["an error", new Error("bad")],
      ["true", true],
    ])("closes the connection when it is released with %s", async (_name, how) => {
      const pool = make()
      const client = await pool.connect()
      const { processID } = client as unknown as { readonly processID: number }
      client.release(how)
      await until(() => pool.totalCount === 0)
      const { rows } = await pool.query("select pg_backend_pid() as pid")
      expect(rows[0].pid).not.toBe(processID)
    })

    it("keeps its connection when its first statement fails", async () => {
      const pool = make({ max: 1 })
      const client = await pool.connect()
      const { processID } = client as unknown as { readonly processID: number }
      expect(await rejection(client.query("select bogus"))).toMatchObject({ code: "42703" })
      const next = pool.connect()
      expect((await client.query("select pg_backend_pid() as pid")).rows).toEqual([{ pid: processID }])
      expect([pool.idleCount, pool.waitingCount]).toEqual([0, 1])
      client.release()
      const other = await next
      other.release()
    })

    it("keeps its connection when its first statement fails, whoever asked for nothing before", async () => {
      const pool = make({ max: 1 })
      const client = await pool.connect()
      await rejection(client.query("select bogus"))
      let served = false
      const next = pool.connect().then((other) => {
        served = true
        other.release()
      })
      await pause(30)
      expect(served).toBe(false)
      client.release()
      await next
    })

    it("commits by hand", async () => {
      await database.ask("truncate marks")
      const client = await make().connect()
      expect((await client.query("begin")).command).toBe("BEGIN")
      expect(client.getTransactionStatus()).toBe("T")
      await client.query("insert into marks values ($1)", ["kept"])
      expect((await client.query("commit")).command).toBe("COMMIT")
      expect(client.getTransactionStatus()).toBe("I")
      client.release()
      expect(await database.ask("select mark from marks")).toEqual([{ mark: "kept" }])
    })

    it("rolls back by hand, after an error too", async () => {
      await database.ask("truncate marks")
      const client = await make().connect()
      await client.query("begin")
      await client.query("insert into marks values ('lost')")
      expect(await rejection(client.query("select bogus"))).toMatchObject({ code: "42703" })
      await until(() => client.getTransactionStatus() === "E")
      expect(await rejection(client.query("select 1"))).toMatchObject({ code: "25P02" })
      expect((await client.query("rollback")).command).toBe("ROLLBACK")
      client.release()
      expect(await database.ask("select mark from marks")).toEqual([])
    })

    it("answers COMMIT of a failed transaction with ROLLBACK", async () => {
      const client = await make().connect()
      await client.query("begin")
      await rejection(client.query("select bogus"))
      expect((await client.query("commit")).command).toBe("ROLLBACK")
      client.release()
    })

    it("answers COMMIT outside of a transaction, with a notice", async () => {
      const client = await make().connect()
      const noticed = once(client, "notice")
      expect((await client.query("commit")).command).toBe("COMMIT")
      expect((await noticed)[0]).toMatchObject({ code: "25P01", severity: "WARNING" })
      client.release()
    })

    it("keeps savepoints", async () => {
      await database.ask("truncate marks")
      const client = await make().connect()
      await client.query("begin")
      await client.query("insert into marks values ('one')")
      await client.query("savepoint s")
      await rejection(client.query("insert into marks values (1 / 0)"))
      await client.query("rollback to savepoint s")
      await client.query("insert into marks values ('two')")
      await client.query("commit")
      client.release()
      expect(await database.ask("select mark from marks order by mark")).toEqual([{ mark: "one" }, { mark: "two" }])
    })

    it("keeps COMMIT AND CHAIN", async () => {
      const client = await make().connect()
      await client.query("begin")
      await client.query("commit and chain")
      expect(client.getTransactionStatus()).toBe("T")
      await client.query("rollback")
      client.release()
    })

    it("keeps the settings of its session while it is held", async () => {
      const client = await make().connect()
      await client.query("set search_path = pg_catalog")
      expect((await client.query("show search_path")).rows).toEqual([{ search_path: "pg_catalog" }])
      await client.query("create temp table mine (x int)")
      expect((await client.query("select * from mine")).rowCount).toBe(0)
      await client.query("drop table mine")
      await client.query("reset all")
      client.release()
    })

    it("runs what is asked for at once one after the other", async () => {
      const client = await make().connect()
      const drained = once(client, "drain")
      const all = await Promise.all([1, 2, 3].map((n) => client.query("select $1::int as n", [n])))
      expect(all.map(({ rows }) => rows[0].n)).toEqual([1, 2, 3])
      await drained
      client.release()
    })

    it("throws for no query at all", async () => {
      const client = await make().connect()
      expect(() => loosely(client, "query", null)).toThrow(new TypeError("Client was passed a null or undefined query"))
      client.release()
    })

    it("knows its process, which is the one of the server", async () => {
      const client = await make().connect()
      const { rows } = await client.query("select pg_backend_pid() as pid")
      expect(Reflect.get(client, "processID")).toBe(rows[0].pid)
      client.release()
    })

    it("knows where it is connected to", async () => {
      const url = new URL(database.url)
      const client = await make().connect()
      expect(client).toMatchObject({ host: url.hostname, port: Number(url.port), database: database.name })
      client.release()
    })

    it("escapes", async () => {
      const client = await make().connect()
      expect(client.escapeIdentifier('a"b')).toBe('"a""b"')
      expect(client.escapeLiteral("it's")).toBe("'it''s'")
      client.release()
    })

    it("takes parsers of types of its own", async () => {
      const client = await make().connect()
      client.setTypeParser(pg.types.builtins.INT4, (text) => `int ${text}`)
      expect((await client.query("select 1 as one")).rows).toEqual([{ one: "int 1" }])
      client.release(true)
    })

    it("keeps the parsers of types that a listener of `connect` has set, as those of pgvector do", async () => {
      const pool = make({ max: 2 })
      const register = async (client: pg.PoolClient): Promise<void> => {
        await client.query("select 1")
        client.setTypeParser(pg.types.builtins.INT4, (text) => `int ${text}`)
      }
      pool.on("connect", (client) => void register(client))
      await pool.query("select 1")
      const answers: unknown[] = []
      for (let use = 0; use < 3; use += 1) {
        answers.push(...(await pool.query("select 1 as one")).rows)
        const client = await pool.connect()
        client.setTypeParser(pg.types.builtins.TEXT, (text) => text)
        answers.push(...(await client.query("select 1 as one")).rows)
        client.release()
      }
      expect(answers).toEqual(Array.from({ length: 6 }, () => ({ one: "int 1" })))
    })

    it("cannot be connected again", async () => {
      const client = await make().connect()
      const error = await rejection(client.connect())
      expect(error.message).toBe("Client has already been connected. You cannot reuse a client.")
      client.release()
    })

    it("hears notices", async () => {
      const client = await make().connect()
      const noticed = once(client, "notice")
      await client.query("do $$ begin raise notice 'heard'; end $$")
      expect((await noticed)[0]).toMatchObject({ message: "heard", severity: "NOTICE" })
      client.release()
    })

    it("hears notifications", async () => {
      const client = await make().connect()
      await client.query("listen news")
      const heard = once(client, "notification")
      await database.ask("select pg_notify('news', 'rain')")
      expect((await heard)[0]).toMatchObject({ channel: "news", payload: "rain" })
      client.release(true)
    })

    it("reads with a cursor", async () => {
      const client = await make().connect()
      const cursor = client.query(new Cursor("select generate_series(1, 5) as n"))
      expect(await cursor.read(2)).toEqual([{ n: 1 }, { n: 2 }])
      expect(await cursor.read(10)).toEqual([{ n: 3 }, { n: 4 }, { n: 5 }])
      await cursor.close()
      expect((await client.query("select 6 as six")).rows).toEqual([{ six: 6 }])
      client.release()
    })

    it("leaves a cursor early", async () => {
      const client = await make().connect()
      const cursor = client.query(new Cursor("select generate_series(1, 50000) as n"))
      expect(await cursor.read(1)).toEqual([{ n: 1 }])
      await cursor.close()
      expect((await client.query("select 6 as six")).rows).toEqual([{ six: 6 }])
      client.release()
    })

    it("tells a cursor of an error, and goes on", async () => {
      const client = await make().connect()
      const cursor = client.query(new Cursor("select bogus"))
      expect(await rejection(cursor.read(1))).toMatchObject({ code: "42703" })
      expect((await client.query("select 6 as six")).rows).toEqual([{ six: 6 }])
      client.release()
    })

    it("tells a Query row by row", async () => {
      const client = await make().connect()
      const query = client.query(new pg.Query({ text: "select generate_series(1, $1::int) as n", values: [3] }))
      const rows: unknown[] = []
      query.on("row", (row) => rows.push(row))
      await once(query, "end")
      expect(rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
      client.release()
    })

    it("refuses COPY FROM STDIN, and goes on", async () => {
      const client = await make().connect()
      expect(await rejection(client.query("copy marks from stdin"))).toMatchObject({ code: "57014" })
      expect((await client.query("select 6 as six")).rows).toEqual([{ six: 6 }])
      client.release()
    })
  })

  describe("a server that ends a session", () => {
    it("is told by the statement that runs, and by an event of its client", async () => {
      const pool = make()
      const client = await pool.connect()
      const told = once(client, "error")
      const { rows } = await client.query("select pg_backend_pid() as pid")
      const sleeping = rejection(client.query("select pg_sleep(10)"))
      await pause(20)
      await kill(rows[0].pid)
      expect(await sleeping).toMatchObject({ code: "57P01", severity: "FATAL" })
      await told
      const error = await rejection(client.query("select 1"))
      expect(error.message).toBe("Client has encountered a connection error and is not queryable")
      client.release()
      expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }])
    })

    it("is told by the statement of the pool's that runs, and not by the pool", async () => {
      const pool = make({ max: 1, resilience: { retry: false } })
      let told = 0
      pool.on("error", () => (told += 1))
      const { rows } = await pool.query("select pg_backend_pid() as pid")
      const sleeping = rejection(pool.query("select pg_sleep(10)"))
      await pause(50)
      await kill(rows[0].pid)
      expect(await sleeping).toMatchObject({ code: "57P01" })
      await until(() => pool.totalCount === 0)
      expect(told).toBe(0)
    })

    it("is told by the pool where nobody had the client", async () => {
      const pool = make()
      const { rows } = await pool.query("select pg_backend_pid() as pid")
      await until(() => pool.idleCount === 1)
      const told = once(pool, "error")
      await kill(rows[0].pid)
      const [error, client] = await told
      expect(error).toMatchObject({ code: "57P01" })
      expect(error.client).toBe(client)
      await until(() => pool.totalCount === 0)
      expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }])
    })
  })

  describe("the pool", () => {
    it("tells of connections and clients", async () => {
      const pool = make({ max: 1 })
      const told: string[] = []
      const clients = new Set<unknown>()
      for (const event of ["connect", "acquire", "remove"] as const) {
        pool.on(event, (client) => {
          told.push(event)
          clients.add(client)
        })
      }
      pool.on("release", (error, client) => {
        told.push(error ? "release with error" : "release")
        clients.add(client)
      })
      const client = await pool.connect()
      client.release()
      await pool.query("select 1")
      const again = await pool.connect()
      again.release(new Error("bad"))
      await until(() => told.includes("remove"))
      expect(told.join(" ")).toBe("connect acquire release acquire release acquire release with error remove")
      expect([...clients]).toEqual([client])
    })

    it("does what a listener of connect asks for before anybody's first query", async () => {
      const pool = make()
      pool.on("connect", (client) => void client.query("set search_path = pg_catalog"))
      expect((await pool.query("show search_path")).rows).toEqual([{ search_path: "pg_catalog" }])
      const client = await pool.connect()
      expect((await client.query("show search_path")).rows).toEqual([{ search_path: "pg_catalog" }])
      client.release()
    })

    it("keeps what a listener of connect attaches to a client", async () => {
      const pool = make({ max: 1 })
      const heard: unknown[] = []
      pool.on("connect", (client) => client.on("notice", (notice) => heard.push(notice.message)))
      await pool.query("do $$ begin raise notice 'one'; end $$")
      const client = await pool.connect()
      await client.query("do $$ begin raise notice 'two'; end $$")
      client.release()
      expect(heard).toEqual(["one", "two"])
    })

    it("waits for onConnect", async () => {
      const onConnect = async (client: pg.ClientBase): Promise<void> => {
        await client.query("set search_path = pg_catalog")
        await client.query("set application_name = 'greeted'")
      }
      const { rows } = await make({ onConnect }).query("select current_setting('application_name') as name")
      expect(rows).toEqual([{ name: "greeted" }])
    })

    it("rejects with what onConnect throws", async () => {
      const pool = make({
        onConnect: () => {
          throw new Error("not today")
        },
      })
      expect((await rejection(pool.connect())).message).toBe("not today")
      await until(() => pool.totalCount === 0)
    })

    it("rejects with what verify calls back", async () => {
      const pool = make({ verify: (_client, done) => done(new Error("not this one")) })
      expect((await rejection(pool.connect())).message).toBe("not this one")
    })

    it("counts", async () => {
      const pool = make({ max: 1 })
      expect([pool.totalCount, pool.idleCount, pool.waitingCount, pool.expiredCount]).toEqual([0, 0, 0, 0])
      const client = await pool.connect()
      expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 0, 0])
      const waiting = pool.connect()
      expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 0, 1])
      client.release()
      const next = await waiting
      expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 0, 0])
      next.release()
      expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0])
    })

    it("serves in the order of asking", async () => {
      const pool = make({ max: 1 })
      const client = await pool.connect()
      const served: number[] = []
      const all = [1, 2, 3].map((n) => pool.query("select 1").then(() => served.push(n)))
      client.release()
      await Promise.all(all)
      expect(served).toEqual([1, 2, 3])
    })

    it("lets nobody wait longer than connectionTimeoutMillis", async () => {
      const pool = make({ max: 1, connectionTimeoutMillis: 1_000 })
      const client = await pool.connect()
      expect((await rejection(pool.connect())).message).toBe("timeout exceeded when trying to connect")
      expect((await rejection(pool.query("select 1"))).message).toBe("timeout exceeded when trying to connect")
      expect(pool.waitingCount).toBe(0)
      client.release()
      expect((await pool.query("select 1")).rowCount).toBe(1)
    })

    it("closes idle connections after idleTimeoutMillis", async () => {
      const pool = make({ idleTimeoutMillis: 50 })
      await pool.query("select 1")
      expect(pool.totalCount).toBe(1)
      await until(() => pool.totalCount === 0)
    })

    it("keeps min connections", async () => {
      const pool = make({ idleTimeoutMillis: 20, min: 1 })
      const clients = await Promise.all([pool.connect(), pool.connect()])
      for (const client of clients) client.release()
      await until(() => pool.totalCount === 1)
      await pause(100)
      expect(pool.totalCount).toBe(1)
    })

    it("closes a connection after maxUses", async () => {
      const pool = make({ max: 1, maxUses: 2 })
      const pids = []
      for (let use = 0; use < 4; use += 1) {
        pids.push((await pool.query("select pg_backend_pid() as pid")).rows[0].pid)
        await pause(20)
      }
      expect(pids[0]).toBe(pids[1])
      expect(pids[2]).toBe(pids[3])
      expect(pids[1]).not.toBe(pids[2])
    })

    it("closes a connection after maxLifetimeSeconds, when it comes back", async () => {
      const pool = make({ max: 1, maxLifetimeSeconds: 0.1 })
      const client = await pool.connect()
      await pause(150)
      expect(pool.expiredCount).toBe(1)
      client.release()
      await until(() => pool.totalCount === 0)
      expect(pool.expiredCount).toBe(0)
    })

    it("shows its options, and no password", async () => {
      const pool = make({ max: 3, password: "sesame", maxUses: 7 })
      expect(pool.options).toMatchObject({
        max: 3,
        min: 0,
        maxUses: 7,
        idleTimeoutMillis: 10_000,
        maxLifetimeSeconds: 0,
      })
      expect(pool.options.allowExitOnIdle).toBe(false)
      expect(Object.keys(pool.options)).not.toContain("password")
      expect(pool.options.password).toBe("sesame")
    })

    it("has pg's defaults", () => {
      const pool = create({})
      expect(pool.options).toMatchObject({ max: 10, min: 0, maxUses: Infinity, idleTimeoutMillis: 10_000 })
    })

    it("names itself to the server", async () => {
      const { rows } = await make({ application_name: "shop" }).query("show application_name")
      expect(rows).toEqual([{ application_name: "shop" }])
    })

    it("takes the parts of an address", async () => {
      const { hostname, port, username, password } = new URL(database.url)
      const parts = { host: hostname, port: Number(port), user: username, password, database: database.name }
      const pool = make({ connectionString: undefined, ...parts })
      const { rows } = await pool.query("select current_database() as name")
      expect(rows).toEqual([{ name: database.name }])
    })

    it("asks a function for the password", async () => {
      const { hostname, port, username, password } = new URL(database.url)
      const parts = { host: hostname, port: Number(port), user: username, database: database.name }
      const pool = make({ connectionString: undefined, ...parts, password: async () => password })
      expect((await pool.query("select 1")).rowCount).toBe(1)
    })

    it("rejects with the socket's error where nobody listens", async () => {
      const pool = make({
        connectionString: "postgres://u:p@127.0.0.1:1/d",
        resilience: { retry: { outageWaitMs: 0 } },
      })
      expect(await rejection(pool.connect())).toMatchObject({ code: "ECONNREFUSED", syscall: "connect" })
    })

    it("rejects with the server's error where there is no such database", async () => {
      const url = new URL(database.url)
      url.pathname = "/no_such_database"
      const error = await rejection(make({ connectionString: url.href }).query("select 1"))
      expect(error).toBeInstanceOf(pg.DatabaseError)
      expect(error).toMatchObject({ code: "3D000" })
    })
  })

  describe("end", () => {
    it("closes everything", async () => {
      const pool = make()
      await pool.query("select 1")
      expect([pool.ending, pool.ended]).toEqual([false, false])
      const ended = pool.end()
      expect(pool.ending).toBe(true)
      await ended
      expect([pool.ended, pool.totalCount]).toEqual([true, 0])
    })

    it("calls back", async () => {
      const pool = make()
      await new Promise<void>((resolve) => pool.end(resolve))
      expect(pool.ended).toBe(true)
    })

    it("waits for clients that are held", async () => {
      const pool = make()
      const client = await pool.connect()
      let ended = false
      const ending = pool.end().then(() => {
        ended = true
      })
      expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }])
      expect(ended).toBe(false)
      client.release()
      await ending
    })

    it("refuses what comes later", async () => {
      const pool = make()
      await pool.end()
      const message = "Cannot use a pool after calling end on the pool"
      expect((await rejection(pool.connect())).message).toBe(message)
      expect((await rejection(pool.query("select 1"))).message).toBe(message)
      const called = await new Promise<unknown>((resolve) => pool.connect((error) => resolve(error)))
      expect(called).toMatchObject({ message })
    })

    it("refuses to end twice", async () => {
      const pool = make()
      const first = pool.end()
      expect((await rejection(pool.end())).message).toBe("Called end on pool more than once")
      const called = await new Promise((resolve) => void loosely(pool, "end", resolve))
      expect(called).toMatchObject({ message: "Called end on pool more than once" })
      await first
    })
  })

  describe("under Kysely's own dialect", () => {
    interface Tables {
      people: { id: number; name: string; born: Date | null }
      marks: { mark: string }
    }

    it("queries, streams, commits and rolls back", async () => {
      await database.ask("truncate marks")
      const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: make(), cursor: Cursor }) })
      expect(await db.selectFrom("people").select("name").where("id", "=", 1).execute()).toEqual([{ name: "ann" }])
      const names: string[] = []
      for await (const { name } of db.selectFrom("people").select("name").orderBy("id").stream(1)) names.push(name)
      expect(names).toEqual(["ann", "bob"])
      const { numInsertedOrUpdatedRows } = await db.insertInto("marks").values({ mark: "kept" }).executeTakeFirst()
      expect(numInsertedOrUpdatedRows).toBe(1n)
      await db.transaction().execute(async (tx) => {
        await tx.insertInto("marks").values({ mark: "also" }).execute()
      })
      await rejection(
        db.transaction().execute(async (tx) => {
          await tx.insertInto("marks").values({ mark: "never" }).execute()
          await sql`select bogus`.execute(tx)
        }),
      )
      expect(await db.selectFrom("marks").select("mark").orderBy("mark").execute()).toEqual([
        { mark: "also" },
        { mark: "kept" },
      ])
      await db.destroy()
    })
  })
})

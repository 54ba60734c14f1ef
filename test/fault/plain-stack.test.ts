/**
 * The defects of the plain stack (pg 8.23.1, pg-pool 3.14, Kysely 0.29.9), each shown once on it, and the same scenario on ours. Every
 * scenario is a program of its own, because some of them end the process.
 */
import {
  afterRows,
  betweenCommitCompleteAndReady,
  cut,
  delay,
  stall,
  startFaultProxy,
  afterStatementIsSent,
  type FaultProxy,
  type Rule,
} from "@kysely-resilient/testing"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../support/databases.ts"
import { runScript, type Ended } from "../support/script.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
    await client.query("create table deferred (id int unique deferrable initially deferred)")
  },
})

let proxy: FaultProxy

beforeAll(async () => {
  const { hostname, port } = new URL(database.url)
  proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } })
})

afterAll(async () => {
  await proxy.close()
})

beforeEach(async () => {
  await database.ask("truncate notes")
})

const HEAD = `
import { CompiledQuery, Kysely, PostgresDialect, sql } from "kysely"
import { ResilientPostgresDialect, createEngine, deadlineAfter, systemClock } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import Cursor from "pg-cursor"
import pg from "pg"
const { URL, ADMIN } = process.env
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const admin = new pg.Client(ADMIN)
await admin.connect()
const terminate = (pid) => admin.query("select pg_terminate_backend($1)", [pid])
const within = (ms, promise) => Promise.race([promise, pause(ms).then(() => "nothing within " + ms + " ms")])
const quietPool = (options) => new pg.Pool({ connectionString: URL, ...options }).on("error", () => {})
const plain = (options, dialect) => new Kysely({ dialect: new PostgresDialect({ pool: quietPool(options), cursor: Cursor, ...dialect }) })
const ours = (options) => new Kysely({ dialect: new ResilientPostgresDialect({ connection: URL, ...options }) })
const told = (error) => error.message + (error.code ? " " + error.code : "")
const pidOf = async (on) => (await sql\`select pg_backend_pid() as pid\`.execute(on)).rows[0].pid
`

async function run(body: string, rule?: Rule): Promise<Ended> {
  const handle = rule === undefined ? undefined : proxy.rule(rule)
  const ended = await runScript(`${HEAD}\n${body}\nconsole.log("alive")\nprocess.exit(0)`, {
    URL: proxy.url(database.url),
    ADMIN: database.url,
  })
  proxy.clearRules()
  proxy.resumeAll()
  proxy.cutAll()
  if (handle !== undefined) expect(handle.hits, "the fault hit").toBeGreaterThan(0)
  return ended
}

const notes = async (): Promise<unknown[]> =>
  (await database.ask("select note from notes order by note")).map((row) => row["note"])

describe("R1: the backend of a transaction is terminated while the application thinks", () => {
  const scenario = (db: string) => `
    const db = ${db}
    await db.transaction().execute(async (trx) => {
      await terminate(await pidOf(trx))
      await pause(300)
      await sql\`select 1\`.execute(trx)
    }).catch((error) => console.log(told(error)))`

  it("plain Kysely: the process crashes", async () => {
    const { code, output } = await run(scenario("plain()"))
    expect(code).not.toBe(0)
    expect(output).toMatch(/Unhandled 'error' event|57P01/)
    expect(output).not.toContain("alive")
  })

  it("here: the caller gets the root cause", async () => {
    expect(await run(scenario("ours()"))).toMatchObject({
      code: 0,
      output: expect.stringMatching(/terminating connection.* 57P01\nalive/s),
    })
  })
})

describe("R2: a backend is terminated during a query, and somebody waits for its connection", () => {
  const scenario = (db: string) => `
    const db = ${db}
    const slow = sql\`select pg_sleep(0.4)\`.execute(db)
    const innocent = sql\`select 1\`.execute(db)
    await pause(150)
    await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(0.4)%' and pid <> pg_backend_pid() and state = 'active'")
    const outcomes = await Promise.allSettled([slow, innocent])
    console.log(outcomes.map((outcome) => outcome.status).join(" "))
    await pause(200)`

  it("plain Kysely: the process crashes, or the innocent pays", async () => {
    const { code, output } = await run(scenario("plain({ max: 1 })"))
    expect(code === 0 && output.includes("fulfilled fulfilled")).toBe(false)
    expect(code !== 0 || output.includes("rejected rejected")).toBe(true)
  })

  it("here: both are answered", async () => {
    expect(await run(scenario("ours({ pool: { min: 0, max: 1 } })"))).toMatchObject({
      code: 0,
      output: "fulfilled fulfilled\nalive\n",
    })
  })
})

describe("R3: the connection is reset after a query with parameters", () => {
  it("here: the reset is named (pg hid it until 8.23.0)", async () => {
    const body = `
      const db = ours({ retry: false })
      await sql\`select \${1}::int\`.execute(db)
      await sql\`select pg_sleep(\${10})\`.execute(db).catch((error) => console.log(told(error)))`
    const rule: Rule = { when: afterStatementIsSent(/pg_sleep/), do: cut({ how: "rst" }) }
    expect(await run(body, rule)).toMatchObject({ code: 0, output: expect.stringContaining("ECONNRESET") })
  })
})

describe("R4: a query times out on a connection that swallows everything", () => {
  const scenario = (db: string) => `
    const db = ${db}
    await sql\`select 'stuck'\`.execute(db).catch((error) => console.log("first: failed"))
    for (let round = 0; round < 3; round += 1) {
      await sql\`select 1\`.execute(db).then(() => console.log("then: ok"), () => console.log("then: failed"))
    }`
  const rule = (): Rule => ({ when: afterStatementIsSent(/stuck/), do: stall() })

  it("plain Kysely: the dead client is reused, for ever", async () => {
    const { output } = await run(scenario("plain({ max: 1, query_timeout: 300 })"), rule())
    expect(output).toContain("first: failed\nthen: failed\nthen: failed\nthen: failed")
  })

  it("here: it is replaced", async () => {
    const { output } = await run(
      scenario("ours({ pool: { min: 0, max: 1 }, timeouts: { queryMs: 300, cancelMs: 200 } })"),
      rule(),
    )
    expect(output).toContain("first: failed\nthen: ok\nthen: ok\nthen: ok")
  })
})

describe("R5: a statement's error is swallowed inside a transaction", () => {
  const write = `
    await sql\`insert into notes values ('a')\`.execute(trx)
    await sql\`select 1/0\`.execute(trx).catch(() => {})`

  it("plain pg: COMMIT reports success, and nothing is stored", async () => {
    const body = `
      const client = new pg.Client(URL)
      await client.connect()
      await client.query("begin")
      await client.query("insert into notes values ('a')")
      await client.query("select 1/0").catch(() => {})
      await client.query("commit")
      console.log("success")
      await client.end()`
    expect(await run(body)).toMatchObject({ code: 0, output: "success\nalive\n" })
    expect(await notes()).toEqual([])
  })

  it("here: it fails, and says which statement was to blame", async () => {
    const body = `await ours().transaction().execute(async (trx) => { ${write} }).catch((error) => console.log(told(error), error.effect))`
    expect((await run(body)).output).toMatch(/division by zero.*not_applied\nalive/s)
    expect(await notes()).toEqual([])
  })
})

describe("R6: the connection is lost between COMMIT's CommandComplete and ReadyForQuery", () => {
  const rule = (): Rule => ({ when: betweenCommitCompleteAndReady, do: cut() })
  const scenario = (db: string) => `
    await ${db}.transaction().execute(async (trx) => { await sql\`insert into notes values ('a')\`.execute(trx) })
      .then(() => console.log("committed"), (error) => console.log("failed: " + told(error)))`

  it("plain pg: an applied transaction is reported as failed", async () => {
    const body = `
      const client = new pg.Client(URL)
      client.on("error", () => {})
      await client.connect()
      await client.query("begin")
      await client.query("insert into notes values ('a')")
      await client.query("commit").then(() => console.log("committed"), (error) => console.log("failed: " + told(error)))`
    expect((await run(body, rule())).output).toMatch(/failed: /)
    expect(await notes()).toEqual(["a"])
  })

  it("here: it is reported as what it is", async () => {
    expect((await run(scenario("ours()"), rule())).output).toBe("committed\nalive\n")
    expect(await notes()).toEqual(["a"])
  })
})

describe("R7: a hook of the pool throws", () => {
  const scenario = (db: string) => `
    const db = ${db}
    for (let round = 0; round < 3; round += 1) await sql\`select 1\`.execute(db).catch((error) => console.log(told(error)))`

  it("plain Kysely: each throw costs a slot, for ever", async () => {
    const db = `plain({ max: 2, connectionTimeoutMillis: 300 }, { onReserveConnection: async () => { throw new Error("hook") } })`
    expect((await run(scenario(db))).output).toBe("hook\nhook\ntimeout exceeded when trying to connect\nalive\n")
  })

  it("here: the slot comes back", async () => {
    const { output } = await run(
      scenario(
        `ours({ pool: { min: 0, max: 2 }, retry: { outageWaitMs: 0 }, onConnect: async () => { throw new Error("hook") } })`,
      ),
    )
    expect(output).not.toMatch(/timeout|No connection became free/)
    expect(output).toMatch(/alive/)
  })
})

describe("R8: a connection that is half open is thrown away while somebody waits", () => {
  const rule = (): Rule => ({
    when: { from: "server", message: "ReadyForQuery", sql: /stuck/, at: "after" },
    do: stall(),
  })

  it("plain pg-pool: who waits starves beside a free slot", async () => {
    const body = `
      const pool = quietPool({ max: 1 })
      const client = await pool.connect()
      client.on("error", () => {})
      await client.query("select 'stuck'")
      const waiter = pool.query("select 1").then(() => "served")
      client.release(new Error("half open"))
      console.log(await within(2000, waiter), "total=" + pool.totalCount, "waiting=" + pool.waitingCount)`
    expect((await run(body, rule())).output).toContain("nothing within 2000 ms total=0 waiting=1")
  })

  it("here: who waits is served", async () => {
    const body = `
      const engine = createEngine({ connection: URL, pool: { min: 0, max: 1 }, timeouts: { cancelMs: 200 } })
      const lease = engine.lease()
      await lease.run(text("select 'stuck'"))
      const waiter = engine.run(text("select 1")).then((settled) => settled.ok ? "served" : settled.failure.message)
      await lease.run(text("select 2"), { timeoutMs: 200 })
      await lease.release()
      console.log(await within(2000, waiter))`
    expect((await run(body, rule())).output).toBe("served\nalive\n")
  })
})

describe("R10: a session is killed, and its end comes before the answer to the kill", () => {
  const scenario = (db: string) => `
    const db = ${db}
    const controller = new AbortController()
    const query = db.executeQuery(CompiledQuery.raw("select pg_sleep(20)"), { signal: controller.signal, inflightQueryAbortStrategy: "kill session" })
    setTimeout(() => controller.abort(new Error("enough")), 300)
    await query.catch((error) => console.log(told(error)))
    await pause(600)`

  it("plain Kysely: the process crashes", async () => {
    const late: Rule = {
      when: { from: "server", message: "CommandComplete", sql: /pg_terminate_backend/ },
      do: delay(400),
    }
    const { code, output } = await run(scenario("plain({ max: 2 })"), late)
    expect(code).not.toBe(0)
    expect(output).not.toContain("alive")
  })

  it("here: the caller is released, and that is all", async () => {
    const { code, output } = await run(scenario("ours()"))
    expect(code).toBe(0)
    expect(output).toMatch(/^enough\n[\s\S]*alive\n$/)
  })
})

describe("R21: BEGIN fails, and a write is already on its way", () => {
  it("plain pg in pipeline mode: the write is applied on its own, and survives ROLLBACK", async () => {
    const body = `
      const client = new pg.Client({ connectionString: URL, pipeline: true })
      await client.connect()
      await Promise.allSettled([client.query("begin isolation level nonsense"), client.query("insert into notes values ('phantom')"), client.query("rollback")])
      await client.end()`
    expect(await run(body)).toMatchObject({ code: 0 })
    expect(await notes()).toEqual(["phantom"])
  })

  it("here: nothing runs outside of the transaction that did not begin", async () => {
    const body = `
      const engine = createEngine({ connection: URL })
      const lease = engine.lease()
      lease.begin({ lockTimeoutMs: 3_000_000_000 })
      await Promise.all([lease.run(text("insert into notes values ('a')")), lease.run(text("insert into notes values ('b')"))])
      console.log((await lease.commit()).ok)
      await lease.release()`
    expect((await run(body)).output).toBe("false\nalive\n")
    expect(await notes()).toEqual([])
  })
})

describe("the error that the application threw, when the connection is gone too", () => {
  const scenario = (db: string) => `
    await ${db}.connection().execute(async (one) => one.transaction().execute(async (trx) => {
      const pid = await pidOf(trx)
      await terminate(pid)
      await sql\`select 1\`.execute(trx).catch(() => {})
      throw new Error("mine")
    })).catch((error) => console.log(told(error)))`

  it("plain Kysely: is replaced by the rollback's, if the process lives to see it", async () => {
    const { output } = await run(scenario(`plain({ max: 1 }, { onReserveConnection: async () => {} })`))
    expect(output).not.toMatch(/^mine/m)
  })

  it("here: is what the application gets", async () => {
    expect((await run(scenario("ours()"))).output).toBe("mine\nalive\n")
  })
})

describe("a controlled transaction whose COMMIT fails", () => {
  const scenario = (db: string) => `
    const db = ${db}
    const trx = await db.startTransaction().execute()
    await sql\`insert into deferred values (1), (1)\`.execute(trx)
    await trx.commit().execute().catch((error) => console.log(error.code))
    console.log(await within(1000, sql\`select 1\`.execute(db).then(() => "free", () => "timed out")))`

  it("plain Kysely: keeps its connection for ever", async () => {
    expect((await run(scenario("plain({ max: 1 })"))).output).toBe("23505\nnothing within 1000 ms\nalive\n")
  })

  it("here: gives it back", async () => {
    expect((await run(scenario("ours({ pool: { min: 0, max: 1 } })"))).output).toBe("23505\nfree\nalive\n")
  })
})

describe("Promise.all in a transaction, one of which fails", () => {
  const scenario = (db: string) => `
    const insert = (trx, note) => sql\`insert into notes values (\${note})\`.execute(trx)
    await ${db}.transaction().execute((trx) => Promise.all([insert(trx, "1"), sql\`select 1/0\`.execute(trx), insert(trx, "3"), insert(trx, "4")]))
      .catch((error) => console.log(told(error)))
    await pause(200)`

  it("plain Kysely: a write of a transaction that was rolled back stays", async () => {
    expect((await run(scenario("plain()"))).output).toContain("division by zero")
    expect(await notes()).not.toEqual([])
  })

  it("here: nothing stays", async () => {
    expect((await run(scenario("ours()"))).output).toContain("division by zero")
    expect(await notes()).toEqual([])
  })
})

describe("BEGIN through the pool", () => {
  const scenario = (db: string) => `
    const db = ${db}
    await sql\`begin\`.execute(db)
    for (const note of ["1", "2", "3", "4"]) await sql\`insert into notes values (\${note})\`.execute(db)
    console.log("acknowledged")`

  it("plain Kysely: acknowledged writes of others vanish", async () => {
    expect((await run(scenario("plain({ max: 1 })"))).output).toContain("acknowledged")
    expect(await notes()).toEqual([])
  })

  it("here: they stay", async () => {
    expect((await run(scenario("ours({ pool: { min: 0, max: 1 } })"))).output).toContain("acknowledged")
    expect(await notes()).toEqual(["1", "2", "3", "4"])
  })
})

describe("a query on a handle after its end", () => {
  it("plain pg: runs outside of the transaction, and says ok", async () => {
    const body = `
      const pool = quietPool({ max: 1 })
      const client = await pool.connect()
      await client.query("begin")
      await client.query("rollback")
      client.release()
      await client.query("insert into notes values ('late')").then(() => console.log("ok"))`
    expect((await run(body)).output).toContain("ok")
    expect(await notes()).toEqual(["late"])
  })

  it("here: is refused", async () => {
    const body = `
      const engine = createEngine({ connection: URL })
      const lease = engine.lease()
      lease.begin({})
      await lease.run(text("select 1"))
      await lease.rollback("caller")
      await lease.release()
      const late = await lease.run(text("insert into notes values ('late')"))
      console.log(late.ok, late.failure.kind)`
    expect((await run(body)).output).toContain("false refused")
    expect(await notes()).toEqual([])
  })
})

describe("a stream whose connection is cut", () => {
  // In the second chunk of twenty. pg-cursor leaves its Sync to the end, so there it is all one answer.
  const plainRule: Rule = { when: afterRows(30, /generate_series/), do: cut() }
  const rule: Rule = { when: afterRows(10, /generate_series/), skip: 1, do: cut() }
  const scenario = (db: string) => `
    const db = ${db}
    const reading = async () => {
      for await (const row of db.selectFrom(sql\`generate_series(1, 100000)\`.as("g")).selectAll().stream(20)) void row
      return "read to its end"
    }
    console.log(await within(2000, reading().catch((error) => "failed: " + told(error))))`

  it("plain Kysely: never ends, or ends the process", async () => {
    const { code, output } = await run(scenario("plain({ max: 1 })"), plainRule)
    expect(code !== 0 || output.includes("nothing within 2000 ms")).toBe(true)
  })

  it("here: ends with the failure", async () => {
    expect((await run(scenario("ours()"), rule)).output).toMatch(/failed: .*alive/s)
  })
})

describe("a transaction's callback that never returns", () => {
  it("plain Kysely: holds its connection, its locks and the pool for ever", async () => {
    const body = `
      const db = plain({ max: 1, query_timeout: 300, statement_timeout: 300 })
      void db.transaction().execute(async (trx) => {
        await sql\`insert into notes values ('held')\`.execute(trx)
        await new Promise(() => {})
      })
      await pause(800)
      console.log(await within(1000, sql\`select 1\`.execute(db).then(() => "served")))`
    expect((await run(body)).output).toBe("nothing within 1000 ms\nalive\n")
  })

  it("here: is ended at its deadline, and others are served", async () => {
    const body = `
      const engine = createEngine({ connection: URL, pool: { min: 0, max: 1 } })
      const lease = engine.lease()
      lease.begin({ deadline: deadlineAfter(systemClock, 300) })
      await lease.run(text("insert into notes values ('held')"))
      await pause(500)
      void lease.release()
      console.log(await within(1000, engine.run(text("select 1")).then((settled) => settled.ok)))
      console.log((await admin.query("select count(*)::int as n from pg_stat_activity where datname = current_database() and state like 'idle in%'")).rows[0].n)`
    expect((await run(body)).output).toBe("true\n0\nalive\n")
    expect(await notes()).toEqual([])
  })
})

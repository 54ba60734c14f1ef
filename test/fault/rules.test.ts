/** The rules that other clients' failures have taught, one `describe` each, each on a real server that is hurt. */
import { setTimeout as pause } from "node:timers/promises"

import { createDatabase, type Database, type QueryError } from "@kysely-resilient/core"
import {
  createEngine,
  ResilientPostgresDialect,
  type DriverEvent,
  type DriverOptions,
  type Engine,
} from "@kysely-resilient/driver"
import {
  afterServerHasCommit,
  afterStatementIsSent,
  beforeAnswer,
  beforeStatement,
  cut,
  inject,
  onCancelRequest,
  onStartup,
  stall,
  startFaultProxy,
  truncate,
  type FaultProxy,
} from "@kysely-resilient/testing"
import { CompiledQuery, Kysely, sql } from "kysely"
import { err, ok, type Result } from "neverthrow"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { expectCalm } from "../support/aftermath.ts"
import { testDatabase } from "../support/databases.ts"
import { errorOf } from "../support/results.ts"
import { runScript } from "../support/script.ts"

interface Books {
  notes: { note: string }
  accounts: { id: number; balance: number }
}

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
    await client.query("create table accounts (id int primary key, balance int)")
    await client.query("create table late (id int unique deferrable initially deferred)")
    await client.query("create sequence tries")
    // A sequence does not roll back, so it remembers how often this was tried.
    await client.query(`create function fails_at_first(times int, code text) returns text language plpgsql as $$
      begin
        if nextval('tries') <= times then raise exception 'not yet' using errcode = code; end if;
        return 'at last';
      end $$`)
  },
})

const CANCEL_MS = 400

let proxy: FaultProxy
let events: DriverEvent[]
let engine: Engine
let books: Database<Books>
let closings: (() => Promise<unknown>)[]

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
})

afterAll(async () => {
  await proxy.close()
})

beforeEach(async () => {
  events = []
  closings = []
  engine = makeEngine()
  books = createDatabase<Books>(settings())
  closings.push(async () => books.close())
  await database.ask("truncate notes, accounts, late")
  await database.ask("insert into accounts values (1, 100), (2, 100)")
  await database.ask("alter sequence tries restart")
})

afterEach(async () => {
  proxy.clearRules()
  proxy.resumeAll()
  await expectCalm(engine, database)
  await Promise.all(closings.map((close) => close()))
})

function settings(changes: DriverOptions = {}): DriverOptions {
  return {
    connection: proxy.url(database.url),
    pool: { min: 0, max: 3 },
    timeouts: { connectMs: 500, cancelMs: CANCEL_MS },
    retry: { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 3_000 },
    observer: (event) => events.push(event),
    ...changes,
  }
}

function makeEngine(changes: DriverOptions = {}): Engine {
  const made = createEngine(settings(changes))
  closings.push(() => made.close())
  return made
}

const text = (statement: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(statement, parameters)
const add = (note: string): CompiledQuery => text("insert into notes values ($1)", note)
const notes = async (): Promise<unknown[]> =>
  (await database.ask("select note from notes order by note")).map((row) => row["note"])
const told = <N extends DriverEvent["name"]>(name: N): Extract<DriverEvent, { name: N }>[] =>
  events.filter((event): event is Extract<DriverEvent, { name: N }> => event.name === name)

async function pidOf(on: Engine): Promise<number> {
  const settled = await on.run(text("select pg_backend_pid() as pid"))
  if (!settled.ok) throw new Error(settled.failure.message)
  return (settled.value.rows[0] as { pid: number }).pid
}

async function timed<T>(work: PromiseLike<T>): Promise<readonly [tookMs: number, value: T]> {
  const startedAt = performance.now()
  const value = await work
  return [performance.now() - startedAt, value]
}

/** What somebody else runs in this database, or holds open. */
const busy = (): Promise<Record<string, unknown>[]> =>
  database.ask(`select query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    and backend_type = 'client backend' and (state = 'active' or state like 'idle in%')`)

async function untilRunning(like: string): Promise<void> {
  while (!(await busy()).some(({ query }) => String(query).includes(like))) await pause(5)
}

/** A busy machine needs longer for everything that takes time: four times what is aimed at. */
const SLOW_MACHINE = 4

describe("rule 1: somebody listens to a connection from its first moment to its last", () => {
  it("a process survives whatever happens to its connections, at whatever moment", async () => {
    const ended = await runScript(
      `
      import { setTimeout as pause } from "node:timers/promises"
      import { createEngine } from "@kysely-resilient/driver"
      import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
      import { cut, inject, startFaultProxy, truncate } from "@kysely-resilient/testing"
      const unheard = []
      process.on("unhandledRejection", (reason) => unheard.push(String(reason)))
      process.on("uncaughtException", (error) => unheard.push(String(error)))
      const proxy = await startFaultProxy({ target: process.env.URL })
      const engine = createEngine({
        connection: proxy.url(process.env.URL), pool: { min: 0, max: 2 }, timeouts: { connectMs: 1000, cancelMs: 300 },
        retry: { slow: { baseMs: 5, maxMs: 10 } },
      })
      const fatal = { kind: "ErrorResponse", severity: "FATAL", code: "57P01", message: "terminating", routine: "ProcessInterrupts", file: "postgres.c" }
      const moments = [
        { from: "client", message: "StartupMessage", at: "after" },
        { from: "server", message: "Authentication" },
        { from: "server", message: "BackendKeyData" },
        { from: "server", message: "ReadyForQuery" },
        { from: "client", message: ["Query", "Parse"] },
        { from: "server", message: "CommandComplete" },
        { from: "server", message: "ReadyForQuery", at: "after" },
      ]
      const harms = [cut({ how: "rst" }), cut({ how: "fin" }), [inject(fatal), cut()]]
      let rounds = 0
      for (const when of moments) for (const harm of harms) {
        // A new connection, one that rests, and one whose holder thinks.
        proxy.rule({ when, do: harm })
        await engine.run(text("select 1"), { timeoutMs: 2000 })
        const lease = engine.lease()
        lease.begin({})
        await lease.run(text("select 1"))
        proxy.rule({ when, do: harm })
        await pause(5)
        await lease.run(text("select 2"))
        if (rounds % 2 === 0) proxy.cutAll()
        await lease.rollback("failed")
        await lease.release()
        proxy.clearRules()
        proxy.cutAll({ how: rounds % 2 === 0 ? "rst" : "fin" })
        await pause(5)
        rounds += 1
      }
      for (const bytes of [1, 4, 5, 6]) {
        proxy.rule({ when: { from: "server", message: "DataRow" }, do: truncate(bytes) })
        await engine.run(text("select 1"))
        proxy.clearRules()
      }
      console.log(rounds, "rounds", (await engine.run(text("select 1"))).ok, JSON.stringify(unheard))
      await engine.close()
      await proxy.close()`,
      { URL: database.url },
    )
    expect(ended).toMatchObject({ code: 0, output: "21 rounds true []\n" })
  })
})

describe("rule 2: a connection that timed out, or lost a byte, is destroyed", () => {
  it("is never handed out again, and its late answer reaches nobody", async () => {
    const before = await pidOf(engine)
    proxy.rule({ when: beforeAnswer(/'late'/), do: stall() })
    expect(await engine.run(text("select 'late' as answer"), { timeoutMs: 200 })).toMatchObject({
      ok: false,
      failure: { kind: "deadline_exceeded" },
    })
    expect(told("connection.discarded")).toMatchObject([{ reason: "abandoned" }])
    proxy.resumeAll()
    for (let nth = 0; nth < 5; nth += 1) {
      const settled = await engine.run(text("select $1::int as answer, pg_backend_pid() as pid", nth))
      expect(settled).toMatchObject({ ok: true, value: { rows: [{ answer: nth }] } })
      expect(settled.ok && (settled.value.rows[0] as { pid: number }).pid).not.toBe(before)
    }
  })

  it("one that answered its cancel may be kept", async () => {
    const before = await pidOf(engine)
    expect(await engine.run(text("select pg_sleep(30)"), { timeoutMs: 200 })).toMatchObject({ ok: false })
    expect(told("query.abandoned")).toMatchObject([{ confirmed: true }])
    expect(await pidOf(engine)).toBe(before)
  })

  it("one whose cancel request may still be on its way is not", async () => {
    const before = await pidOf(engine)
    proxy.rule({ when: onCancelRequest, do: cut() })
    expect(await engine.run(text("select pg_sleep(0.5)"), { timeoutMs: 200 })).toMatchObject({ ok: false })
    expect(await pidOf(engine)).not.toBe(before)
    await pause(400)
  })

  it.each([1, 3, 5, 9])("one whose answer ends after %i bytes of a message is not", async (bytes) => {
    proxy.rule({ when: beforeAnswer(/'short'/), do: truncate(bytes) })
    expect(await engine.run(text("select 'short' as answer"))).toMatchObject({
      ok: true,
      value: { rows: [{ answer: "short" }] },
      attempts: 2,
    })
  })

  it.each(["XX001", "XX000", "58030"])("one that said %s is not, although it still answers", async (code) => {
    const settled = await engine.run(text(`select fails_at_first(1000, '${code}')`), { retry: false })
    expect(settled).toMatchObject({ ok: false, failure: { sqlState: code, connection: "discard" } })
    expect(told("connection.discarded")).toMatchObject([{ reason: "failed", failure: { sqlState: code } }])
  })

  it("one that said so in a transaction goes when that is over", async () => {
    const lease = engine.lease()
    lease.begin({})
    await lease.run(text("select fails_at_first(1000, 'XX001')"))
    await lease.rollback("failed")
    expect(told("connection.discarded")).toEqual([])
    await lease.release()
    expect(told("connection.discarded")).toMatchObject([{ reason: "failed" }])
  })
})

describe("rule 4: an acknowledgement is ReadyForQuery", () => {
  it("a write whose CommandComplete came, and nothing more, is not known to be applied", async () => {
    proxy.rule({ when: { ...beforeAnswer(/insert/), at: "after" }, do: cut() })
    const settled = await makeEngine({ resolution: "off" }).run(add("a"))
    expect(settled).toMatchObject({ ok: false, failure: { effect: "unknown" }, attempts: 1 })
  })

  it("a write that fails after its CommandComplete has failed", async () => {
    const settled = await engine.run(text("insert into late values (1), (1)"))
    expect(settled).toMatchObject({ ok: false, failure: { kind: "unique_violation", effect: "not_applied" } })
    expect(await database.ask("select * from late")).toEqual([])
  })

  it("of COMMIT alone the CommandComplete is enough", async () => {
    proxy.rule({ when: { ...afterServerHasCommit, at: "after" }, do: cut() })
    const lease = engine.lease()
    lease.begin({})
    await lease.run(add("a"))
    expect(await lease.commit()).toMatchObject({ ok: true })
    await lease.release()
    expect(await notes()).toEqual(["a"])
  })
})

describe("rule 5: COMMIT is believed only if it says COMMIT, and nothing failed before it", () => {
  it("a failure that the application passed over makes its transaction fail", async () => {
    const result = await books.transaction(async (tx) => {
      const added = await tx.exec(tx.insertInto("notes").values({ note: "a" }))
      errorOf(await tx.query("select 1 / 0"))
      return added
    })
    expect(result.isErr() && result.error).toMatchObject({ kind: "transaction_aborted", effect: "not_applied" })
    expect(await notes()).toEqual([])
  })

  it("raw COMMIT that is answered with ROLLBACK is a failure", async () => {
    const lease = engine.lease()
    await lease.run(text("begin"))
    await lease.run(add("a"))
    await lease.run(text("select 1 / 0"))
    expect(await lease.run(text("commit"))).toMatchObject({
      ok: false,
      failure: { kind: "transaction_aborted", effect: "not_applied" },
    })
    await lease.release()
    expect(await notes()).toEqual([])
  })

  it("a failure in a savepoint that was rolled back to is forgiven", async () => {
    const result = await books.transaction(async (tx) => {
      errorOf(await tx.savepoint((part) => part.query("select 1 / 0")))
      return tx.exec(tx.insertInto("notes").values({ note: "a" }))
    })
    expect(result.isOk()).toBe(true)
    expect(await notes()).toEqual(["a"])
  })

  it("a conflict in one is not: the whole runs again", async () => {
    let runs = 0
    const result = await books.transaction(async (tx) => {
      runs += 1
      void (await tx.savepoint((part) => part.query("select fails_at_first(1, '40001')")))
      return tx.exec(tx.insertInto("notes").values({ note: "a" }))
    })
    expect(result.isOk()).toBe(true)
    expect(runs).toBe(2)
    expect(await notes()).toEqual(["a"])
  })
})

describe("rule 6: the handle is closed, what is in flight is waited for but not for ever, then comes ROLLBACK", () => {
  it("what one of several statements failed of leaves nothing of the others", async () => {
    let late: Promise<readonly Result<unknown, QueryError>[]> | undefined
    const result = await books.transaction(async (tx) => {
      const insert = (note: string) => tx.exec(tx.insertInto("notes").values({ note }))
      void insert("1")
      const failed = tx.query("select 1 / 0")
      late = (async () => {
        const second = await insert("2")
        await pause(50)
        return [second, await insert("3")]
      })()
      return failed
    })
    expect(result.isErr()).toBe(true)
    const kinds = (await late)?.map((answer) => errorOf(answer).kind)
    expect(kinds).toEqual(["transaction_aborted", "refused"])
    await pause(100)
    expect(await notes()).toEqual([])
  })

  it.each(["commit", "rollback"] as const)("what comes after its %s was asked for is refused", async (end) => {
    const lease = engine.lease()
    lease.begin({})
    void lease.run(text("insert into notes select 'in time' from pg_sleep(0.2)"))
    const ending = end === "commit" ? lease.commit() : lease.rollback("caller")
    expect(await lease.run(add("late"))).toMatchObject({ ok: false, failure: { kind: "refused" } })
    await ending
    await lease.release()
    expect(await notes()).toEqual(end === "commit" ? ["in time"] : [])
  })

  it("a statement in flight is stopped when it takes too long", async () => {
    const lease = engine.lease()
    lease.begin({})
    await lease.run(add("a"))
    void lease.run(text("insert into notes select 'b' from pg_sleep(30)"))
    await untilRunning("pg_sleep(30)")
    const [tookMs] = await timed(lease.rollback("caller"))
    expect(tookMs).toBeGreaterThan(CANCEL_MS * 0.9)
    expect(tookMs).toBeLessThan(SLOW_MACHINE * CANCEL_MS)
    await lease.release()
    expect(await busy()).toEqual([])
    expect(await notes()).toEqual([])
  })

  it("a connection that answers nothing is destroyed", async () => {
    const lease = engine.lease()
    lease.begin({})
    await lease.run(add("a"))
    proxy.rule({ when: beforeStatement(/'b'/), do: stall() })
    void lease.run(text("insert into notes values ('b')"))
    const [tookMs] = await timed(lease.rollback("caller"))
    expect(tookMs).toBeLessThan(SLOW_MACHINE * 2 * CANCEL_MS)
    await lease.release()
    expect(engine.snapshot().pool.leased).toBe(0)
  })

  it("what still waits for a connection is not waited for, and is never sent", async () => {
    const narrow = makeEngine({ pool: { min: 0, max: 1 } })
    const slow = narrow.run(text("select pg_sleep(1)"))
    const lease = narrow.lease()
    lease.begin({})
    const waiting = lease.run(add("a"))
    const [tookMs] = await timed(lease.rollback("caller"))
    expect(tookMs).toBeLessThan(CANCEL_MS / 2)
    expect(await waiting).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    await lease.release()
    expect(await slow).toMatchObject({ ok: true })
    expect(told("query.succeeded")).toHaveLength(1)
  })

  it("what is queued on a connection that is given back does not hold it for ever", async () => {
    const lease = engine.lease()
    await lease.run(text("select 1"))
    const queued = Array.from({ length: 5 }, () => lease.run(text("insert into notes select 'a' from pg_sleep(30)")))
    const [tookMs] = await timed(lease.release())
    expect(tookMs).toBeLessThan(SLOW_MACHINE * CANCEL_MS)
    for (const settled of await Promise.all(queued)) expect(settled).toMatchObject({ ok: false })
    expect(await busy()).toEqual([])
  })
})

describe("rule 7: a callback does not run again while its previous run still does something", () => {
  it("not while a savepoint that it left behind runs", async () => {
    const log: string[] = []
    const { promise: hasFailed, resolve: tellFailed } = Promise.withResolvers<void>()
    const result = await books.transaction(async (tx) => {
      log.push(`run ${tx.attempt}`)
      const part = tx.savepoint(async (inside) => {
        const failed = await inside.query("select fails_at_first(1, '40001')")
        if (failed.isOk()) return failed
        tellFailed()
        await pause(150)
        log.push("left behind, over")
        return failed
      })
      if (tx.attempt > 1) return part
      void part.unwrapOr(undefined)
      await hasFailed
      return err("gone ahead" as const)
    })
    expect(result.isOk()).toBe(true)
    expect(log).toEqual(["run 1", "left behind, over", "run 2"])
  })

  it("not at all if it never returns", async () => {
    let runs = 0
    const result = await books.transaction(
      async (tx) => {
        runs += 1
        errorOf(await tx.query("select fails_at_first(1, '40001')"))
        return new Promise<never>(() => {})
      },
      { timeoutMs: 300 },
    )
    expect(result.isErr() && result.error).toMatchObject({ kind: "transaction_timeout", effect: "not_applied" })
    await pause(200)
    expect(runs).toBe(1)
  })
})

describe("rule 8: no transaction is left open on a connection of the pool", () => {
  it("BEGIN on its own ends when its connection comes back, and takes nobody's write with it", async () => {
    const narrow = makeEngine({ pool: { min: 0, max: 1 } })
    expect(await narrow.run(text("begin"))).toMatchObject({ ok: true })
    expect(await narrow.run(add("a"))).toMatchObject({ ok: true })
    expect(await notes()).toEqual(["a"])
    expect(told("transaction.orphaned")).toHaveLength(1)
  })

  it.each(["begin", "BEGIN", "start transaction", "commit", "rollback", "/* so */ begin; "])(
    "core does not even send %j there",
    async (statement) => {
      const result = await books.query(statement)
      expect(result.isErr() && result.error).toMatchObject({ kind: "refused", effect: "not_applied" })
      expect(told("connection.opened")).toEqual([])
    },
  )

  it("one that a holder leaves open, whole or failed, is rolled back", async () => {
    for (const last of ["select 1", "select 1 / 0"]) {
      await books.withConnection(async (session) => {
        await session.query("begin")
        await session.query("insert into notes values ('never')")
        void (await session.query(last))
        return ok(undefined)
      })
    }
    expect(await busy()).toEqual([])
    expect(await notes()).toEqual([])
  })
})

describe("rule 10: what provably did not run is run", () => {
  it("connections that cannot be opened cost no attempt and no error, not even a write's", async () => {
    proxy.refuse(5)
    expect(await engine.run(add("a"))).toMatchObject({ ok: true, attempts: 1 })
    expect(told("connection.failed").length).toBeGreaterThanOrEqual(3)
    expect(await notes()).toEqual(["a"])
  })

  it.each([
    ["57P03", "server_starting", "the database system is starting up"],
    ["53300", "too_many_connections", "sorry, too many clients already"],
  ])("a server that says %s for a while costs nobody anything", async (code, kind, message) => {
    const refusal = {
      kind: "ErrorResponse",
      severity: "FATAL",
      code,
      message,
      routine: "any",
      file: "postmaster.c",
    } as const
    proxy.rule({ when: onStartup, do: [inject(refusal), cut({ how: "fin" })], times: 4 })
    const settled = await Promise.all(Array.from({ length: 20 }, (_, nth) => engine.run(add(String(nth)))))
    for (const one of settled) expect(one).toMatchObject({ ok: true, attempts: 1 })
    expect(await notes()).toHaveLength(20)
    expect(told("connection.failed").map(({ failure }) => failure.kind)).toContain(kind)
  })

  it.each([
    ["that never reached the server", beforeStatement(/^begin/)],
    ["that nobody answered", beforeAnswer(/^begin/)],
  ])("a BEGIN %s", async (_, when) => {
    const handle = proxy.rule({ when, do: cut() })
    const result = await books.transaction((tx) => tx.exec(tx.insertInto("notes").values({ note: String(tx.attempt) })))
    expect(handle.hits).toBe(1)
    expect(result.isOk()).toBe(true)
    // It was BEGIN that was repeated, and not the callback.
    expect(await notes()).toEqual(["1"])
  })

  it.each(["40001", "40P01"])("an autocommit statement that met %s, twice", async (code) => {
    const statement = text("insert into notes select fails_at_first(2, $1)", code)
    expect(await engine.run(statement)).toMatchObject({ ok: true, attempts: 3 })
    expect(told("query.retried")).toHaveLength(2)
    expect(await notes()).toEqual(["at last"])
  })

  it.each(["40001", "40P01"])("a transaction that met %s, twice, as a whole", async (code) => {
    const result = await books.transaction(async (tx) => {
      const added = await tx.exec(tx.insertInto("notes").values({ note: `run ${tx.attempt}` }))
      const met = await tx.query("select fails_at_first(2, $1)", [code])
      return met.isErr() ? met : added
    })
    expect(result.isOk()).toBe(true)
    expect(await notes()).toEqual(["run 3"])
  })

  it("a transaction that met 40001 at COMMIT", async () => {
    const balanceOf = (tx: Pick<Database<Books>, "selectFrom" | "one">, id: number) =>
      tx.one(tx.selectFrom("accounts").select("balance").where("id", "=", id))
    const bothHaveRead = meeting(2)
    // Each reads what the other writes: no order of the two explains that.
    const skew = (from: number, to: number) =>
      books.transaction(
        async (tx) => {
          const read = await balanceOf(tx, from)
          if (read.isErr()) return read
          if (tx.attempt === 1) await bothHaveRead()
          return tx.exec(
            tx
              .updateTable("accounts")
              .set({ balance: read.value.balance + 1 })
              .where("id", "=", to),
          )
        },
        { isolation: "serializable" },
      )
    const results = await Promise.all([skew(1, 2), skew(2, 1)])
    expect(results.map((result) => result.isOk())).toEqual([true, true])
    expect(told("transaction.rerun")).toMatchObject([{ failure: { sqlState: "40001" } }])
    expect((await database.ask("select balance from accounts order by balance")).map((row) => row["balance"])).toEqual([
      101, 102,
    ])
  })

  it("two transactions in a real deadlock", async () => {
    const bothHaveOne = meeting(2)
    const move = (from: number, to: number) =>
      books.transaction(async (tx) => {
        const change = (id: number, by: number) =>
          tx.exec(
            tx
              .updateTable("accounts")
              .set((eb) => ({ balance: eb("balance", "+", by) }))
              .where("id", "=", id),
          )
        const taken = await change(from, -10)
        if (taken.isErr()) return taken
        if (tx.attempt === 1) await bothHaveOne()
        return change(to, 10)
      })
    const results = await Promise.all([move(1, 2), move(2, 1)])
    expect(results.map((result) => result.isOk())).toEqual([true, true])
    // Once, or on a slow machine, where the other one is still on its way, more often.
    const reruns = told("transaction.rerun")
    expect(reruns.length).toBeGreaterThan(0)
    for (const rerun of reruns) expect(rerun).toMatchObject({ failure: { sqlState: "40P01" } })
    expect(await database.ask("select sum(balance)::int as sum, count(*)::int as n from accounts")).toEqual([
      { sum: 200, n: 2 },
    ])
  })
})

describe("rule 11: who waits for the pool inside of a transaction is not made to wait again", () => {
  const ACQUIRE_MS = 300

  it("the pool's time-out is told once, after its time, and the callback runs once", async () => {
    const narrow = createDatabase<Books>(settings({ pool: { min: 0, max: 2, acquireTimeoutMs: ACQUIRE_MS } }))
    closings.push(async () => narrow.close())
    // The other connection is at work: this is no standstill, and waiting might help.
    const working = narrow.query("select pg_sleep(1)")
    let runs = 0
    const [tookMs, result] = await timed(
      narrow.transaction(async (tx) => {
        runs += 1
        await tx.exec(tx.insertInto("notes").values({ note: "a" }))
        return narrow.query("select 1")
      }),
    )
    expect(result.isErr() && result.error).toMatchObject({ kind: "pool_timeout", effect: "not_applied" })
    expect(runs).toBe(1)
    expect(tookMs).toBeLessThan(4 * ACQUIRE_MS)
    expect(await notes()).toEqual([])
    expect((await working).isOk()).toBe(true)
  })

  it("nor is a transaction that got no connection", async () => {
    const narrow = createDatabase<Books>(settings({ pool: { min: 0, max: 1, acquireTimeoutMs: ACQUIRE_MS } }))
    closings.push(async () => narrow.close())
    const slow = narrow.query("select pg_sleep($1::float8)", [(3 * ACQUIRE_MS) / 1_000])
    let runs = 0
    const [tookMs, result] = await timed(
      narrow.transaction(async (tx) => {
        runs += 1
        return tx.query("select 1")
      }),
    )
    expect(result.isErr() && result.error).toMatchObject({ kind: "pool_timeout" })
    expect(runs).toBe(1)
    expect(tookMs).toBeLessThan(4 * ACQUIRE_MS)
    await slow
  })
})

describe("rule 12: bad input is refused before it is sent", () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const bad: readonly (readonly [string, string, readonly unknown[]])[] = [
    ["a NUL character", "insert into notes values ($1)", ["a\0b"]],
    ["a lone surrogate", "insert into notes values ($1)", ["a\ud800b"]],
    ["a lone surrogate in an array", "insert into notes select unnest($1::text[])", [["a", "\udc00"]]],
    ["a NUL in the SQL", "insert into notes values ('a\0b')", []],
    ["more parameters than the protocol has room for", "insert into notes values ($1)", Array(65_536).fill("a")],
    ["a circular object", "insert into notes values ($1)", [circular]],
    ["an invalid Date", "insert into notes values ($1)", [new Date(Number.NaN)]],
    [
      "a value whose conversion throws",
      "insert into notes values ($1)",
      [{ toJSON: () => JSON.parse("{") as unknown }],
    ],
  ]

  it.each(bad)("%s", async (_, statement, parameters) => {
    expect(await engine.run(text(statement, ...parameters))).toMatchObject({
      ok: false,
      attempts: 0,
      failure: { kind: "encode_failed", effect: "not_applied", retry: "never" },
    })
    const result = await books.query(statement, parameters)
    expect(result.isErr() && result.error).toMatchObject({ kind: "encode_failed", effect: "not_applied" })
    for await (const chunk of engine.stream(text(statement, ...parameters), 10)) {
      expect(chunk).toMatchObject({ ok: false, failure: { kind: "encode_failed" } })
    }
    expect(told("connection.opened")).toEqual([])
  })

  it.each(bad)("%s, in a transaction: its connection stays good", async (_, statement, parameters) => {
    const lease = engine.lease()
    await lease.run(text("select 1"))
    expect(await lease.run(text(statement, ...parameters))).toMatchObject({ ok: false })
    expect(await lease.run(add("after"))).toMatchObject({ ok: true })
    await lease.release()
    expect(told("connection.discarded")).toEqual([])
    expect(await notes()).toEqual(["after"])
  })
})

describe("rule 13: one deadline for an operation, whatever it takes", () => {
  const LIMIT_MS = 600

  it("retries share it", async () => {
    proxy.rule({ when: afterStatementIsSent(/pg_class/), do: cut(), times: Number.POSITIVE_INFINITY })
    const patient = makeEngine({ retry: { attemptsMax: 100, slow: { baseMs: 20, maxMs: 100 } } })
    const [tookMs, settled] = await timed(
      patient.run(text("select oid from pg_class limit 1"), { timeoutMs: LIMIT_MS }),
    )
    expect(settled).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    expect(settled.attempts).toBeGreaterThan(3)
    expect(tookMs).toBeLessThan(LIMIT_MS + CANCEL_MS)
    const delays = told("query.retried").map(({ delayMs }) => delayMs)
    expect(Math.max(...delays)).toBeLessThanOrEqual(100)
    expect(new Set(delays).size, "no two of the delays are alike").toBe(delays.length)
  })

  it("a second try has only what the first one left", async () => {
    proxy.rule({ when: beforeAnswer(/pg_sleep/), do: cut() })
    const [tookMs, settled] = await timed(engine.run(text("select pg_sleep(0.4)"), { timeoutMs: LIMIT_MS }))
    expect(settled).toMatchObject({ ok: false, attempts: 2, failure: { kind: "deadline_exceeded" } })
    expect(tookMs).toBeLessThan(LIMIT_MS + CANCEL_MS)
  })

  it("so does the wait for a server that is not there, and the attempt after it", async () => {
    proxy.refuse(true)
    const [tookMs, settled] = await timed(engine.run(text("select 1"), { timeoutMs: LIMIT_MS }))
    expect(settled).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    expect(tookMs).toBeGreaterThan(LIMIT_MS * 0.9)
    expect(tookMs).toBeLessThan(LIMIT_MS + CANCEL_MS)
    proxy.refuse(false)

    // Longer than the pause between two probes of a server that is not there.
    const limitMs = 4 * LIMIT_MS
    setTimeout(() => proxy.refuse(false), LIMIT_MS)
    proxy.refuse(true)
    proxy.cutAll()
    const [sleptMs, slept] = await timed(engine.run(text("select pg_sleep(10)"), { timeoutMs: limitMs }))
    expect(slept).toMatchObject({ ok: false, failure: { kind: "deadline_exceeded" } })
    expect(sleptMs).toBeLessThan(limitMs + CANCEL_MS)
  })

  it("so do all runs of a transaction", async () => {
    const [tookMs, result] = await timed(
      books.transaction(
        async (tx) => {
          void (await tx.query("select pg_sleep(0.25)"))
          return tx.query("select fails_at_first(1000, '40001')")
        },
        { timeoutMs: LIMIT_MS, retry: { attemptsMax: 100 } },
      ),
    )
    expect(result.isErr()).toBe(true)
    expect(tookMs).toBeLessThan(LIMIT_MS + CANCEL_MS)
  })

  it("the server keeps it too, should nobody be able to tell it", async () => {
    proxy.rule({ when: onCancelRequest, do: cut() })
    const result = await books.transaction((tx) => tx.query("select pg_sleep(30)"), { timeoutMs: LIMIT_MS })
    expect(result.isErr()).toBe(true)
    const [tookMs] = await timed(
      (async () => {
        while ((await busy()).length > 0) await pause(20)
      })(),
    )
    expect(tookMs).toBeLessThan(SLOW_MACHINE * LIMIT_MS)
  })
})

describe("rule 14: the first error is the one that is told", () => {
  it("the application's own, though its ROLLBACK cannot be sent any more", async () => {
    const kysely = new Kysely<Books>({ dialect: new ResilientPostgresDialect(settings()) })
    closings.push(() => kysely.destroy())
    const mine = new Error("mine")
    const thrown = await kysely
      .transaction()
      .execute(async (trx) => {
        await sql`select 1`.execute(trx)
        proxy.cutAll()
        await sql`select 2`.execute(trx).catch(() => {})
        throw mine
      })
      .catch((error: unknown) => error)
    expect(thrown).toBe(mine)
  })

  it("the loss of the connection, not that of the ROLLBACK after it", async () => {
    const lease = engine.lease()
    lease.begin({})
    await lease.run(add("a"))
    proxy.rule({ when: afterStatementIsSent(/'b'/), do: cut() })
    const first = await lease.run(text("insert into notes values ('b')"))
    expect(first).toMatchObject({ ok: false, failure: { errno: "ECONNRESET", phase: "transaction" } })
    await lease.rollback("failed")
    const committed = await lease.commit()
    expect(committed).toMatchObject({ ok: false, failure: { errno: "ECONNRESET" } })
    await lease.release()
  })

  it("COMMIT's: that nobody knows must not be hidden by what came after", async () => {
    const kysely = new Kysely<Books>({ dialect: new ResilientPostgresDialect(settings({ resolution: "off" })) })
    closings.push(() => kysely.destroy())
    proxy.rule({ when: afterServerHasCommit, do: cut() })
    const thrown = await kysely
      .transaction()
      .execute((trx) => trx.insertInto("notes").values({ note: "a" }).execute())
      .catch((error: unknown) => error)
    expect(thrown).toMatchObject({ effect: "unknown", failure: { phase: "commit" } })
    expect(await notes()).toEqual(["a"])
  })

  it("the statement's that failed first, of several, with what it was", async () => {
    const result = await books.transaction(async (tx) => {
      errorOf(await tx.query("insert into accounts values (1, 1)"))
      errorOf(await tx.query("select 1"))
      return tx
        .query("select 2")
        .map(() => "done")
        .orElse(() => ok("passed over"))
    })
    expect(result.isErr() && result.error).toMatchObject({
      kind: "transaction_aborted",
      first: { kind: "unique_violation" },
    })
  })
})

/** A point that nobody passes before `count` have come. */
function meeting(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let missing = count
  return () => {
    missing -= 1
    if (missing === 0) resolve()
    return promise
  }
}

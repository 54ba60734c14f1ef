import { createEngine, type DriverEvent, type Engine, type LeaseHandle } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import {
  afterRows,
  afterServerHasCommit,
  afterStatementIsSent,
  beforeAnswer,
  beforeCommitReachesServer,
  beforeStatement,
  betweenCommitCompleteAndReady,
  cut,
  inject,
  stall,
  startFaultProxy,
  truncate,
  type FaultProxy,
} from "@kysely-resilient/testing"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { expectCalm } from "../support/aftermath.ts"
import { testDatabase } from "../support/databases.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
  },
})

let proxy: FaultProxy
let engine: Engine
let events: DriverEvent[]

beforeAll(async () => {
  const { hostname, port } = new URL(database.url)
  proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } })
})

afterAll(async () => {
  await proxy.close()
})

beforeEach(async () => {
  events = []
  engine = createEngine({
    connection: proxy.url(database.url),
    pool: { min: 0, max: 3 },
    timeouts: { connectMs: 500, cancelMs: 400 },
    retry: { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 3_000 },
    // What is known at each instant by itself; what can be found out afterwards is in resolution/.
    resolution: "off",
    observer: (event) => events.push(event),
  })
  await database.ask("truncate notes")
})

afterEach(async () => {
  proxy.clearRules()
  proxy.resumeAll()
  await expectCalm(engine, database)
  await engine.close()
})

const notes = async (): Promise<unknown[]> =>
  (await database.ask("select note from notes order by note")).map((row) => row["note"])
const told = (name: DriverEvent["name"]): DriverEvent[] => events.filter((event) => event.name === name)
const add = (note: string) => text(`insert into notes values ('${note}')`)

async function transfer(): Promise<Awaited<ReturnType<LeaseHandle["commit"]>>> {
  const lease = engine.lease()
  lease.begin({})
  expect(await lease.run(add("a"))).toMatchObject({ ok: true })
  const committed = await lease.commit()
  await lease.release()
  return committed
}

describe("a read", () => {
  it.each([
    ["cut before it reaches the server", { when: beforeStatement(/pg_class/), do: cut() }],
    ["cut while it runs", { when: afterStatementIsSent(/pg_class/), do: cut() }],
    ["cut after the server has done it", { when: beforeAnswer(/pg_class/), do: cut({ how: "fin" }) }],
    ["cut in the middle of its rows", { when: afterRows(3, /pg_class/), do: cut() }],
    ["cut inside a message", { when: beforeAnswer(/pg_class/), do: truncate(3) }],
  ] as const)("%s is read again, elsewhere", async (_, rule) => {
    const handle = proxy.rule(rule)
    const settled = await engine.run(text("select oid from pg_class order by oid limit 10"))
    expect(handle.hits).toBe(1)
    expect(settled).toMatchObject({ ok: true, attempts: 2 })
    expect(settled.ok && settled.value.rows).toHaveLength(10)
    expect(told("query.retried")).toHaveLength(1)
  })

  it("on a connection that swallows everything is given up at its deadline, and the connection with it", async () => {
    await engine.run(text("select 1"))
    proxy.rule({ when: afterStatementIsSent(/pg_class/), do: stall() })
    const startedAt = performance.now()
    const settled = await engine.run(text("select oid from pg_class limit 1"), { timeoutMs: 300 })
    expect(settled).toMatchObject({ ok: false, failure: { kind: "deadline_exceeded", effect: "not_applied" } })
    expect(performance.now() - startedAt).toBeLessThan(4 * (300 + 400))
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: true, attempts: 1 })
  })

  it("is not repeated when its caller says so", async () => {
    proxy.rule({ when: afterStatementIsSent(/pg_class/), do: cut() })
    const settled = await engine.run(text("select oid from pg_class limit 1"), { retry: false })
    expect(settled).toMatchObject({
      ok: false,
      attempts: 1,
      because: "switched-off",
      failure: { effect: "not_applied" },
    })
  })
})

describe("an autocommit write", () => {
  it("cut before it reaches the server may have reached it, for all we know: it is not repeated", async () => {
    proxy.rule({ when: beforeStatement(/insert/), do: cut() })
    expect(await engine.run(add("a"))).toMatchObject({
      ok: false,
      failure: { effect: "unknown" },
      because: "effect-unknown",
      attempts: 1,
    })
    expect(await notes()).toEqual([])
  })

  it("whose answer is lost is not repeated, and says that nobody knows", async () => {
    proxy.rule({ when: beforeAnswer(/insert/), do: cut() })
    expect(await engine.run(add("a"))).toMatchObject({
      ok: false,
      failure: { effect: "unknown" },
      because: "effect-unknown",
      attempts: 1,
    })
    expect(await notes()).toEqual(["a"])
  })

  it("is repeated when its caller vouches that this does no harm", async () => {
    proxy.rule({ when: beforeAnswer(/insert/), do: cut() })
    expect(await engine.run(add("a"), { idempotent: true })).toMatchObject({ ok: true, attempts: 2 })
    expect(await notes()).toEqual(["a", "a"])
  })

  it("that the server ends with FATAL was not applied, and is repeated", async () => {
    const settled = engine.run(text("insert into notes select 'a' from pg_sleep(0.3)"))
    await untilActive("insert into notes select%")
    await database.ask(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'insert into notes select%' and pid <> pg_backend_pid()",
    )
    expect(await settled).toMatchObject({ ok: true, attempts: 2 })
    expect(await notes()).toEqual(["a"])
  })

  it("that commits by itself and then fails is never repeated", async () => {
    await database.ask(`create or replace procedure commit_then_conflict() language plpgsql as $$
      begin insert into notes values ('from a procedure'); commit; raise exception 'conflict' using errcode = '40001'; end $$`)
    const settled = await engine.run(text("call commit_then_conflict()"))
    expect(settled).toMatchObject({
      ok: false,
      attempts: 1,
      failure: { sqlState: "40001", effect: "unknown", retry: "never" },
    })
    expect(await notes()).toEqual(["from a procedure"])
  })
})

describe("COMMIT", () => {
  it("cut before it reaches the server: nobody knows", async () => {
    proxy.rule({ when: beforeCommitReachesServer, do: cut() })
    expect(await transfer()).toMatchObject({ ok: false, failure: { effect: "unknown", phase: "commit" } })
    expect(await notes()).toEqual([])
  })

  it("cut after the server has committed, before it is heard: nobody knows", async () => {
    proxy.rule({ when: afterServerHasCommit, do: cut() })
    expect(await transfer()).toMatchObject({ ok: false, failure: { effect: "unknown", phase: "commit" } })
    expect(await notes()).toEqual(["a"])
  })

  it("cut between its CommandComplete and ReadyForQuery is applied, and says so", async () => {
    proxy.rule({ when: betweenCommitCompleteAndReady, do: cut() })
    expect(await transfer()).toMatchObject({ ok: true })
    expect(await notes()).toEqual(["a"])
  })

  it("answered and followed at once by FATAL stays applied", async () => {
    const fatal = {
      kind: "ErrorResponse",
      severity: "FATAL",
      code: "57P01",
      message: "terminating",
      routine: "ProcessInterrupts",
      file: "postgres.c",
    } as const
    proxy.rule({
      when: { from: "server", message: "ReadyForQuery", sql: /commit/, at: "after" },
      do: [inject(fatal), cut()],
    })
    expect(await transfer()).toMatchObject({ ok: true })
    expect(await notes()).toEqual(["a"])
  })

  it("of a transaction that only read needs no answer", async () => {
    proxy.rule({ when: afterServerHasCommit, do: cut() })
    const lease = engine.lease()
    lease.begin({ accessMode: "read only" })
    await lease.run(text("select * from notes"))
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "not_applied", retry: "transaction" } })
    await lease.release()
  })
})

describe("a transaction", () => {
  it("whose BEGIN is lost begins again, elsewhere", async () => {
    const handle = proxy.rule({ when: beforeAnswer(/^begin/), do: cut() })
    expect(await transfer()).toMatchObject({ ok: true })
    expect(handle.hits).toBe(1)
    expect(await notes()).toEqual(["a"])
  })

  it("whose BEGIN the server refuses runs nothing of it (R21)", async () => {
    const lease = engine.lease()
    // Out of range: BEGIN itself succeeds, and what rides with it fails.
    lease.begin({ lockTimeoutMs: 3_000_000_000 })
    await lease.run(add("a"))
    await lease.run(add("b"))
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    await lease.release()
    expect(await notes()).toEqual([])
  })

  it("that loses its connection says so once, and again for whatever comes after", async () => {
    const lease = engine.lease()
    lease.begin({})
    await lease.run(add("a"))
    proxy.cutAll()
    const lost = await lease.run(add("b"))
    expect(lost).toMatchObject({ ok: false, failure: { effect: "not_applied", retry: "transaction" } })
    expect(await lease.run(add("c"))).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    await lease.rollback("failed")
    expect(lease.firstFailure).toMatchObject({ kind: (lost as { failure: { kind: string } }).failure.kind })
    await lease.release()
    expect(await notes()).toEqual([])
  })

  it("fails as a whole when a conflict inside a savepoint was rolled back to", async () => {
    const lease = engine.lease()
    lease.begin({})
    await lease.run(add("a"))
    await lease.savepoint("s")
    await lease.run(text("do $$ begin raise exception 'conflict' using errcode = '40P01'; end $$"))
    await lease.rollbackTo("s")
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "not_applied", retry: "transaction" } })
    await lease.release()
    expect(await notes()).toEqual([])
  })
})

describe("a stream", () => {
  it("cut before its first row moves to another connection", async () => {
    proxy.rule({ when: afterStatementIsSent(/generate_series/), do: cut() })
    let rows = 0
    for await (const chunk of engine.stream(text("select generate_series(1, 1000) as n"), 100))
      rows += chunk.ok ? chunk.value.length : Number.NaN
    expect(rows).toBe(1_000)
  })

  it("whose rows are all out ends well, whatever becomes of its own COMMIT", async () => {
    const handle = proxy.rule({ when: beforeCommitReachesServer, do: cut() })
    let rows = 0
    for await (const chunk of engine.stream(text("select generate_series(1, 250) as n"), 100)) {
      rows += chunk.ok ? chunk.value.length : Number.NaN
    }
    expect(handle.hits).toBe(1)
    expect(rows).toBe(250)
  })

  it("cut after rows were delivered ends with the failure, and soon", async () => {
    proxy.rule({ when: afterRows(50, /generate_series/), skip: 1, do: cut() })
    let rows = 0
    let failure: unknown
    for await (const chunk of engine.stream(text("select generate_series(1, 1000) as n"), 100)) {
      if (chunk.ok) rows += chunk.value.length
      else failure = chunk
    }
    expect(rows).toBe(100)
    expect(failure).toMatchObject({ failure: { effect: "not_applied" }, because: "rows-delivered" })
  })
})

describe("a server that cannot be reached for a while", () => {
  it("costs nobody anything who can wait", async () => {
    await engine.run(text("select 1"))
    proxy.refuse(true)
    proxy.cutAll()
    const waiting = Promise.all(
      Array.from({ length: 30 }, (_, index) => engine.run(index % 2 === 0 ? text("select 1") : add(String(index)))),
    )
    setTimeout(() => proxy.refuse(false), 700)
    for (const settled of await waiting) expect(settled).toMatchObject({ ok: true })
    expect((await notes()).length).toBe(15)
    expect(told("pool.outage-began")).toHaveLength(1)
    expect(told("pool.outage-ended")).toHaveLength(1)
  })

  it("is not stormed meanwhile: one opening at a time", async () => {
    proxy.refuse(true)
    const before = proxy.accepted
    const waiting = Promise.all(Array.from({ length: 100 }, () => engine.run(text("select 1"), { timeoutMs: 2_500 })))
    setTimeout(() => proxy.refuse(false), 1_000)
    await waiting
    expect(proxy.accepted - before).toBeLessThan(60)
  })
})

describe("a frame that is none", () => {
  it("ends one connection and not the process", async () => {
    const before = events.length
    proxy.rule({ when: { from: "server", message: "CommandComplete", sql: /pg_class/ }, do: truncate(2) })
    expect(await engine.run(text("select oid from pg_class limit 1"))).toMatchObject({ ok: true, attempts: 2 })
    expect(events.slice(before).filter((event) => event.name === "connection.discarded")).toHaveLength(1)
  })
})

async function untilActive(like: string): Promise<void> {
  for (;;) {
    const [row] = await database.ask(
      "select count(*)::int as n from pg_stat_activity where datname = current_database() and state = 'active' and query like $1",
      [like],
    )
    if (row?.["n"] === 1) return
  }
}

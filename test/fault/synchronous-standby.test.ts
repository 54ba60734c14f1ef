import { setTimeout as pause } from "node:timers/promises"

import {
  createEngine,
  deadlineAfter,
  MARKER_MIGRATION,
  systemClock,
  type DriverEvent,
  type Engine,
} from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import { readToken } from "@kysely-resilient/driver/src/resolution/token.ts"
import {
  call,
  cut,
  instant,
  startEmbeddedPostgres,
  startFaultProxy,
  type FaultProxy,
  type OwnServer,
} from "@kysely-resilient/testing"
import pg from "pg"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { makeStandby } from "../support/standby.ts"

/** A server whose synchronous standby never answers: every COMMIT of a write waits in SyncRepWaitForLSN. */
let server: OwnServer
let side: pg.Client
let engine: Engine

beforeAll(async () => {
  server = await startEmbeddedPostgres({ settings: { synchronous_standby_names: "nobody" } })
  side = new pg.Client(server.url)
  await side.connect()
  await side.query("set synchronous_commit = local; create table notes (note text)")
  engine = createEngine({ connection: server.url, pool: { min: 0, max: 3 } })
})

afterAll(async () => {
  await engine.close()
  await side.end()
  await server.stop()
})

beforeEach(async () => {
  await side.query("truncate notes")
})

async function whoWaits(through = side): Promise<number> {
  for (;;) {
    const { rows } = await through.query<{ pid: number }>(
      "select pid from pg_stat_activity where wait_event = 'SyncRep'",
    )
    if (rows[0] !== undefined) return rows[0].pid
    await pause(5)
  }
}

/** Until somebody has asked the server about sessions and what they wait for, and has the answer. */
async function somebodyHasLooked(): Promise<void> {
  const asked =
    "select 1 from pg_stat_activity where query like '%wait_event%' and state = 'idle' and pid <> pg_backend_pid()"
  while ((await side.query(asked)).rows.length === 0) await pause(2)
}

/** Until it has ended, and what it has said to its client is on its way. */
async function gone(processId: number, through = side): Promise<void> {
  const asked = "select 1 from pg_stat_activity where pid = $1"
  while ((await through.query(asked, [processId])).rows.length > 0) await pause(2)
}

/** Nothing waits for the standby any more, on behalf of nobody. */
async function nobodyWaits(): Promise<void> {
  const asked = "select 1 from pg_stat_activity where wait_event = 'SyncRep'"
  while ((await side.query(asked)).rows.length > 0) await pause(5)
}

const notes = async (): Promise<number> => (await side.query("select * from notes")).rows.length

describe("a COMMIT that waits for the synchronous standby", () => {
  it.each(["pg_cancel_backend", "pg_terminate_backend"])(
    "and is ended by %s is known to be applied, here only",
    async (end) => {
      const lease = engine.lease()
      lease.begin({})
      expect(await lease.run(text("insert into notes values ('a')"))).toMatchObject({ ok: true })
      const committing = lease.commit()
      await side.query(`select ${end}($1)`, [await whoWaits()])
      expect(await committing).toMatchObject({ ok: false, failure: { effect: "applied_locally", retry: "never" } })
      await lease.release()
      expect(await notes()).toBe(1)
    },
  )
})

describe.each(["xid", "marker"] as const)(
  "a COMMIT that waits for it, and whose connection is lost, by %s,",
  (resolution) => {
    let proxy: FaultProxy
    let through: Engine

    beforeEach(async () => {
      proxy = await startFaultProxy({ target: server.url })
      for (const statement of MARKER_MIGRATION.up) await side.query(statement)
      through = createEngine({
        connection: proxy.url(server.url),
        pool: { min: 0, max: 3 },
        timeouts: { cancelMs: 200 },
        resolution,
      })
    })

    afterEach(async () => {
      await through.close()
      await proxy.close()
    })

    async function commitWithin(timeoutMs: number) {
      const lease = through.lease()
      lease.begin({ deadline: deadlineAfter(systemClock, timeoutMs) })
      expect(await lease.run(text("insert into notes values ('c')"))).toMatchObject({ ok: true })
      const committing = lease.commit()
      const waiting = await whoWaits()
      proxy.cutAll()
      return { lease, committing, waiting }
    }

    it("is left alone, and is known to be applied here", async () => {
      const { lease, committing, waiting } = await commitWithin(500)
      expect(await committing).toMatchObject({ ok: false, failure: { effect: "applied_locally", retry: "never" } })
      expect(await whoWaits(), "its wait goes on").toBe(waiting)
      await side.query("select pg_cancel_backend($1)", [waiting])
      await lease.release()
      // Others see it when its wait has ended, which takes the server a moment.
      while ((await notes()) === 0) await pause(5)
      expect(await notes()).toBe(1)
    })

    it("and is over meanwhile, is known to be applied here", async () => {
      const { lease, committing, waiting } = await commitWithin(1_000)
      // Seen waiting by whoever looks; only then is the wait over.
      await somebodyHasLooked()
      await side.query("select pg_cancel_backend($1)", [waiting])
      expect(await committing).toMatchObject({ ok: false, failure: { effect: "applied_locally", retry: "never" } })
      await lease.release()
      expect(await notes()).toBe(1)
      await nobodyWaits()
    })

    it("and is cut short, of which nobody hears, is known to be applied here", async () => {
      const lease = through.lease()
      lease.begin({ deadline: deadlineAfter(systemClock, 500) })
      expect(await lease.run(text("insert into notes values ('d')"))).toMatchObject({ ok: true })
      const committing = lease.commit()
      const waiting = await whoWaits()
      proxy.stallAll()
      await side.query("select pg_terminate_backend($1)", [waiting])
      await gone(waiting)
      proxy.cutAll()
      proxy.resumeAll()
      expect(await committing).toMatchObject({ ok: false, failure: { effect: "applied_locally", retry: "never" } })
      await lease.release()
      expect(await notes()).toBe(1)
      await nobodyWaits()
    })

    it("is known to be applied, if the role has chosen not to wait for any standby", async () => {
      const careless = createEngine({
        connection: `${proxy.url(server.url)}?options=-c%20synchronous_commit%3Dlocal`,
        pool: { min: 0, max: 3 },
        resolution,
      })
      proxy.rule({ when: instant("commit before its answer"), do: cut() })
      const lease = careless.lease()
      lease.begin({})
      expect(await lease.run(text("insert into notes values ('e')"))).toMatchObject({ ok: true })
      expect(await lease.commit()).toMatchObject({ ok: true })
      await lease.release()
      await careless.close()
      expect(await notes()).toBe(1)
    })
  },
)

describe("an autocommit write that waits for it", () => {
  it("and is cancelled says so, with what it answered", async () => {
    const writing = engine.run(text("insert into notes values ('b') returning note"))
    await side.query("select pg_cancel_backend($1)", [await whoWaits()])
    expect(await writing).toMatchObject({
      ok: false,
      failure: { effect: "applied_locally", retry: "never" },
      value: { rows: [{ note: "b" }] },
      attempts: 1,
    })
    expect(await notes()).toBe(1)
  })
})

describe("a transaction that only reads", () => {
  it("does not wait for it", async () => {
    const lease = engine.lease()
    lease.begin({})
    await lease.run(text("select * from notes"))
    expect(await lease.commit()).toMatchObject({ ok: true })
    await lease.release()
  })
})

describe("with a standby that answers late", () => {
  let primary: OwnServer
  let standby: OwnServer
  let proxy: FaultProxy
  let watcher: pg.Client

  beforeAll(async () => {
    ;[primary, standby] = await Promise.all([startEmbeddedPostgres(), startEmbeddedPostgres()])
    await makeStandby(standby, primary, "following")
    watcher = new pg.Client(primary.url)
    await watcher.connect()
    await watcher.query("create table notes (note text)")
    for (const statement of MARKER_MIGRATION.up) await watcher.query(statement)
    await watcher.query("alter system set synchronous_standby_names = '*'")
    await watcher.query("select pg_reload_conf()")
    proxy = await startFaultProxy({ target: primary.url })
  })

  afterAll(async () => {
    await proxy.close()
    await watcher.end()
    await Promise.all([standby.stop(), primary.stop()])
  })

  it.each(["xid", "marker"] as const)(
    "a COMMIT whose wait was cut short is applied once it has that too, by %s",
    async (resolution) => {
      const through = createEngine({ connection: proxy.url(primary.url), pool: { min: 0, max: 3 }, resolution })
      const lease = through.lease()
      lease.begin({})
      expect(await lease.run(text("insert into notes values ('late')"))).toMatchObject({ ok: true })
      await standby.pause()
      const committing = lease.commit()
      const waiting = await whoWaits(watcher)
      proxy.stallAll()
      await watcher.query("select pg_terminate_backend($1)", [waiting])
      await gone(waiting, watcher)
      proxy.cutAll()
      proxy.resumeAll()
      // The question waits for the standby now, as the COMMIT did.
      expect(await whoWaits(watcher)).not.toBe(waiting)
      await standby.resume()
      expect(await committing).toMatchObject({ ok: true })
      await lease.release()
      await through.close()
    },
  )

  describe("and is promoted, by sessions that were opened before,", () => {
    let gate: FaultProxy
    let own: pg.Client
    const found: DriverEvent[] = []
    let numbered: Engine
    /** One for each test: nobody but what it has opened before can be asked while the gate is shut. */
    let marked: Readonly<Record<"alone" | "together", Engine>>

    async function opened(resolution: "xid" | "marker"): Promise<Engine> {
      const through = createEngine({
        connection: gate.url(standby.url),
        pool: { min: 0, max: 2 },
        resolution,
        observer: (event) => event.name.startsWith("effect.") && found.push(event),
      })
      const sessions = [through.lease(), through.lease()]
      for (const session of sessions) {
        expect(await session.run(text("select pg_is_in_recovery()"))).toMatchObject({
          value: { rows: [{ pg_is_in_recovery: true }] },
        })
      }
      for (const session of sessions) await session.release()
      return through
    }

    beforeAll(async () => {
      gate = await startFaultProxy({ target: standby.url })
      numbered = await opened("xid")
      marked = { alone: await opened("marker"), together: await opened("marker") }
      own = new pg.Client(standby.url)
      await own.connect()
      await own.query("select pg_promote()")
    })

    afterAll(async () => {
      for (const through of [numbered, marked.alone, marked.together]) await through.close()
      await own.end()
      await gate.close()
    })

    /** Alone, or in a transaction. */
    async function write(through: Engine, how: "alone" | "together", note: string, timeoutMs: number) {
      const insert = text(`insert into notes values ('${note}')`)
      if (how === "alone") return through.run(insert, { timeoutMs })
      const lease = through.lease()
      lease.begin({ deadline: deadlineAfter(systemClock, timeoutMs) })
      expect(await lease.run(insert)).toMatchObject({ ok: true })
      const settled = await lease.commit()
      await lease.release()
      return settled
    }

    it("a COMMIT can be looked for, by xid", async () => {
      for (const how of ["alone", "together"] as const) {
        gate.rule({ when: instant("commit before its answer"), do: cut() })
        expect(await write(numbered, how, how, 30_000)).toMatchObject({ ok: true })
      }
      const applied = { name: "effect.resolved", by: "xid", effect: "applied" }
      expect(found).toMatchObject([applied, applied])
      expect(numbered.snapshot().pool, "both sessions were used up").toMatchObject({ idle: 0 })
      const { rows } = await own.query("select note from notes where note <> 'late' order by note")
      expect(rows).toEqual([{ note: "alone" }, { note: "together" }])
    })

    it.each(["alone", "together"] as const)(
      "a marker that was written %s is nothing that the old primary knows of, though it still answers",
      async (how) => {
        const through = marked[how]
        const old = createEngine({ connection: primary.url, pool: { min: 0, max: 1 } })
        const lost = gate.rule({
          when: instant("commit before its answer"),
          do: [call(() => gate.refuse(true)), cut()],
        })
        const settled = await write(through, how, `split, ${how}`, 1_000)
        await lost.done
        expect(settled).toMatchObject({ ok: false, failure: { effect: "unknown" } })
        const token = settled.ok ? "" : (settled.failure.token ?? "")
        const claim = readToken(token)?.claim
        expect(claim).toMatchObject({ by: "marker" })
        expect(await old.resolve(token, { timeoutMs: 500 })).toMatchObject({ value: "unknown" })
        const asked = "select state from kysely_resilient.commit_marker where id = $1"
        const { rows } = await watcher.query(asked, [claim?.by === "marker" ? claim.id : ""])
        expect(rows, "it was asked").toEqual([{ state: "fenced" }])
        gate.refuse(false)
        expect(await through.resolve(token)).toMatchObject({ value: "applied" })
        await old.close()
      },
    )
  })
})

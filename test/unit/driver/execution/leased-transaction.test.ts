import type { TransactionSettings } from "@kysely-resilient/driver"
import type { Lease } from "@kysely-resilient/driver/src/execution/lease.ts"
import { deadlineAfter } from "@kysely-resilient/driver/src/foundation/deadline.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { CANCEL_MS, fatal, Fixture, maybeRead, pg, raw, unreachable, Watched, write } from "./fixture.ts"

let fixture: Fixture

beforeEach(() => {
  fixture = new Fixture()
})

const second = raw("insert into notes values (2)")
const within = (limitMs: number): TransactionSettings => ({ deadline: deadlineAfter(fixture.clock, limitMs) })

/** The lease is given back, clean, once; and no timer is left. */
async function expectCalm(lease: Lease): Promise<void> {
  await fixture.settle(lease.release())
  expect(fixture.pool.stats()).toMatchObject({ leased: 0, waiting: 0 })
  expect(fixture.clock.timers.foreground).toBe(0)
  expect(fixture.server.sessions.map((session) => session.status)).toEqual(fixture.server.sessions.map(() => "I"))
}

describe("a transaction", () => {
  it("costs nothing while nothing runs in it", async () => {
    const lease = fixture.lease()
    lease.begin(within(1_000))
    expect(await lease.commit()).toEqual({ ok: true, value: undefined, attempts: 1 })
    lease.begin({})
    await lease.rollback("caller")
    expect(fixture.server.sessions).toEqual([])
    expect(fixture.events).toEqual([])
    await expectCalm(lease)
  })

  it("begins with its first statement, on one connection, and is committed once", async () => {
    const lease = fixture.lease()
    lease.begin({ isolation: "serializable", lockTimeoutMs: 50 })
    await fixture.clock.settle()
    expect(fixture.server.sessions).toEqual([])
    expect(await lease.run(write)).toMatchObject({ ok: true })
    expect(await lease.run(second)).toMatchObject({ ok: true })
    expect(await lease.commit()).toMatchObject({ ok: true })
    expect(fixture.heard).toEqual([
      "begin isolation level serializable",
      "set local lock_timeout = 50",
      write.sql,
      second.sql,
      "commit",
    ])
    expect(fixture.server.applied).toEqual([write.sql, second.sql])
    expect(fixture.told("transaction.committed")).toMatchObject([{ durationMs: 0 }])
    expect(fixture.told("query.succeeded")).toHaveLength(2)
    await expectCalm(lease)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("begins before the first statement, whichever of two is asked for at once", async () => {
    const lease = fixture.lease()
    lease.begin({})
    await Promise.all([lease.run(write), lease.run(second)])
    expect(fixture.heard).toEqual(["begin", write.sql, second.sql])
    await lease.rollback("caller")
    await expectCalm(lease)
  })

  it("is followed by another on the same lease", async () => {
    const lease = fixture.lease()
    for (const query of [write, second]) {
      lease.begin({})
      await lease.run(query)
      await lease.commit()
    }
    expect(fixture.heard).toEqual(["begin", write.sql, "commit", "begin", second.sql, "commit"])
    await expectCalm(lease)
  })

  it("is at most one at a time", async () => {
    const lease = fixture.lease()
    lease.begin({})
    expect(() => lease.begin({})).toThrow("bug: a transaction is open on this lease already")
    await expect(fixture.lease().commit()).rejects.toThrow("bug: there is no transaction")
    await expectCalm(lease)
  })

  it("refuses raw BEGIN, COMMIT and ROLLBACK inside, and goes on", async () => {
    const lease = await fixture.transacting()
    for (const sql of ["begin", "commit", "rollback", "end"]) {
      expect(await lease.run(raw(sql))).toMatchObject({ ok: false, attempts: 0, failure: { kind: "refused" } })
    }
    expect(await lease.run(write)).toMatchObject({ ok: true })
    expect(await lease.commit()).toMatchObject({ ok: true })
    expect(fixture.heard).toEqual(["begin", write.sql, "commit"])
    await expectCalm(lease)
  })

  it("that is READ ONLY may lose its COMMIT: nothing can have been written", async () => {
    const lease = await fixture.transacting({ accessMode: "read only" })
    await lease.run(maybeRead)
    fixture.server.when("commit", { dies: "unanswered" })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    expect(fixture.heard).toEqual(["begin read only", maybeRead.sql, "commit"])
    await expectCalm(lease)
  })
})

describe("a failed statement", () => {
  it("is never tried again inside a transaction, whatever it was", async () => {
    for (const reaction of [{ error: pg("40001") }, { error: pg("55P03") }, { dies: "unanswered" }] as const) {
      fixture = new Fixture()
      const lease = await fixture.transacting()
      fixture.server.when("select note", reaction)
      const settled = await fixture.settle(lease.run(maybeRead, { idempotent: true, readOnly: true }))
      expect(settled).toMatchObject({ ok: false, attempts: 1, because: "in-transaction" })
      expect(fixture.heard.filter((sql) => sql === maybeRead.sql)).toHaveLength(1)
      await expectCalm(lease)
    }
  })

  it("fails its transaction, though the application has swallowed it: COMMIT is not even sent", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    fixture.server.when(second.sql, { error: pg("23505") })
    await lease.run(second)
    expect(lease.firstFailure).toMatchObject({ sqlState: "23505" })
    const settled = await lease.commit()
    expect(settled).toMatchObject({
      ok: false,
      attempts: 0,
      failure: { kind: "transaction_aborted", effect: "not_applied", phase: "commit", retry: "never" },
    })
    expect(!settled.ok && settled.failure.message).toContain("said with 23505")
    expect(fixture.heard).toEqual(["begin", write.sql, second.sql, "rollback"])
    expect(fixture.told("transaction.rolled-back")).toMatchObject([{ reason: "repair" }])
    expect(fixture.server.applied).toEqual([])
    await expectCalm(lease)
  })

  it("that was a conflict says that the whole may be run again", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(write.sql, { error: pg("40001") })
    await lease.run(write)
    expect(await lease.commit()).toMatchObject({
      failure: { kind: "transaction_aborted", retry: "transaction" },
      because: "in-transaction",
    })
    await expectCalm(lease)
  })

  it("fails its transaction, though it was never sent", async () => {
    const lease = await fixture.transacting()
    await lease.run({ ...raw("insert into notes values ($1)"), parameters: ["\0"] })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { kind: "transaction_aborted" } })
    expect(fixture.heard).toEqual(["begin", "rollback"])
    await expectCalm(lease)
  })

  it("does not fail its transaction when only its answer could not be read", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(maybeRead.sql, { rows: [{ n: "x" }], columns: [{ name: "n", dataTypeID: 9_999 }] })
    expect(await lease.run(maybeRead)).toMatchObject({ ok: false, failure: { kind: "decode_failed" } })
    expect(lease.firstFailure).toBeUndefined()
    expect(await lease.commit()).toMatchObject({ ok: true })
    await expectCalm(lease)
  })

  it("in the transaction before does not fail the next", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(write.sql, { error: pg("23505") }, 1)
    await lease.run(write)
    await lease.rollback("failed")
    lease.begin({})
    expect(lease.firstFailure).toBeUndefined()
    await lease.run(write)
    expect(await lease.commit()).toMatchObject({ ok: true })
    await expectCalm(lease)
  })
})

describe("a savepoint", () => {
  it("undoes a failure when it is rolled back to", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    expect(await lease.savepoint('a "b"')).toMatchObject({ ok: true, value: undefined })
    fixture.server.when(second.sql, { error: pg("23505") })
    await lease.run(second)
    expect(await lease.rollbackTo('a "b"')).toMatchObject({ ok: true })
    expect(lease.firstFailure).toBeUndefined()
    expect(await lease.releaseSavepoint('a "b"')).toMatchObject({ ok: true })
    expect(await lease.commit()).toMatchObject({ ok: true })
    expect(fixture.heard).toEqual([
      "begin",
      write.sql,
      'savepoint "a ""b"""',
      second.sql,
      'rollback to savepoint "a ""b"""',
      'release savepoint "a ""b"""',
      "commit",
    ])
    expect(fixture.server.applied).toEqual([write.sql])
    await expectCalm(lease)
  })

  it("does not undo a conflict with another transaction: the whole fails", async () => {
    const lease = await fixture.transacting()
    await lease.savepoint("a")
    fixture.server.when(write.sql, { error: pg("40001") })
    await lease.run(write)
    expect(await lease.rollbackTo("a")).toMatchObject({ ok: true })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "not_applied", retry: "transaction" } })
    expect(fixture.heard.at(-1)).toBe("rollback")
    expect(fixture.server.applied).toEqual([])
    await expectCalm(lease)
  })

  it.each(["before", "unanswered", "unready"] as const)(
    "that could not be rolled back to, since the connection was lost (%s), leaves the loss as what failed",
    async (dies) => {
      const lease = await fixture.transacting()
      await lease.savepoint("a")
      fixture.server.when(write.sql, { error: pg("23505") })
      await lease.run(write)
      fixture.server.when("rollback to", { dies })
      expect(await lease.rollbackTo("a")).toMatchObject({ ok: false })
      // The savepoint was meant to undo the one; the other is why nothing of the transaction stays, and another run helps.
      expect(lease.firstFailure).toMatchObject({ kind: "connection_failed", retry: "transaction" })
      expect(await lease.run(second)).toMatchObject({ ok: false, failure: { kind: "connection_failed" } })
      await lease.rollback("failed")
      expect(lease.firstFailure).toMatchObject({ kind: "connection_failed" })
      expect(fixture.server.applied).toEqual([])
    },
  )

  it.each(["unready", "ready"] as const)(
    "whose statement failed, and with it (%s) the connection: the failure is the statement's, the loss is the transaction's",
    async (dies) => {
      const lease = await fixture.transacting()
      await lease.savepoint("a")
      fixture.server.when(write.sql, { error: pg("23505"), dies })
      expect(await lease.run(write)).toMatchObject({ ok: false, failure: { kind: "unique_violation" } })
      const loss = { kind: "connection_failed", retry: "transaction", effect: "not_applied" }
      expect(await lease.rollbackTo("a")).toMatchObject({ ok: false, failure: loss })
      expect(await lease.run(second)).toMatchObject({ ok: false, failure: loss })
      await lease.rollback("caller")
      expect(lease.firstFailure).toMatchObject(loss)
      expect(fixture.server.applied).toEqual([])
      await fixture.settle(lease.release())
      expect(fixture.told("connection.discarded")).toMatchObject([
        { reason: "died", failure: { kind: "connection_failed" } },
      ])
    },
  )

  it("that could not be rolled back to, since there is none, undoes nothing", async () => {
    const lease = await fixture.transacting()
    await lease.savepoint("a")
    fixture.server.when(write.sql, { error: pg("23505") })
    await lease.run(write)
    fixture.server.when("rollback to", { error: pg("3B001") })
    expect(await lease.rollbackTo("a")).toMatchObject({ ok: false })
    expect(lease.firstFailure).toMatchObject({ kind: "unique_violation" })
    await lease.rollback("failed")
    await expectCalm(lease)
  })

  it("that raw SQL has set is one as well", async () => {
    const lease = await fixture.transacting()
    await lease.run(raw("savepoint A"))
    fixture.server.when(write.sql, { error: pg("23505") })
    await lease.run(write)
    await lease.run(raw("rollback to savepoint a"))
    expect(await lease.commit()).toMatchObject({ ok: true })
    await expectCalm(lease)
  })

  it("that could not be set is no savepoint", async () => {
    const lease = await fixture.transacting()
    fixture.server.when("savepoint", { error: pg("3B001") })
    expect(await lease.savepoint("a")).toMatchObject({ ok: false })
    expect(await lease.rollbackTo("a")).toMatchObject({ ok: false })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { kind: "transaction_aborted" } })
    await expectCalm(lease)
  })
})

describe("BEGIN", () => {
  it("is tried again, on another connection too, and its transaction runs once", async () => {
    fixture.server.when("begin", { dies: "unanswered" }, 2)
    const lease = fixture.lease()
    lease.begin({})
    expect(await fixture.settle(lease.run(write))).toMatchObject({ ok: true, attempts: 1 })
    expect(await lease.commit()).toMatchObject({ ok: true })
    expect(fixture.server.texts(3)).toEqual(["begin", write.sql, "commit"])
    expect(fixture.told("query.retried")).toHaveLength(2)
    await expectCalm(lease)
  })

  it("that fails for good is the first statement's failure; nothing runs without it", async () => {
    fixture.server.when("begin", { error: pg("25006", { routine: "x" }) })
    const lease = fixture.lease()
    lease.begin({})
    const [first, then] = await Promise.all([fixture.settle(lease.run(write)), fixture.settle(lease.run(second))])
    expect(first).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    expect(then).toMatchObject({
      ok: false,
      attempts: 0,
      failure: { kind: "transaction_aborted", effect: "not_applied" },
    })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { kind: "transaction_aborted" } })
    expect(fixture.heard.filter((sql) => sql !== "begin")).toEqual([])
    await expectCalm(lease)
  })

  it("is not tried again when that is switched off", async () => {
    fixture = new Fixture({ retry: false })
    fixture.server.when("begin", { dies: "unanswered" })
    const lease = fixture.lease()
    lease.begin({})
    expect(await lease.run(write)).toMatchObject({ ok: false, because: "switched-off" })
    await expectCalm(lease)
  })

  it("carries what is left of the deadline as the server's own limit", async () => {
    const lease = fixture.lease()
    lease.begin(within(1_000))
    await fixture.clock.advance(300)
    await lease.run(write)
    expect(fixture.heard).toEqual(["begin", "set local statement_timeout = 700", write.sql])
    await lease.commit()
    await expectCalm(lease)
  })
})

describe("COMMIT", () => {
  it("waits for what was asked for before it, and refuses what comes after", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(write.sql, { hangs: true })
    const running = new Watched(lease.run(write))
    const committing = new Watched(lease.commit())
    expect(await lease.run(second)).toMatchObject({
      ok: false,
      attempts: 0,
      failure: { kind: "refused", effect: "not_applied" },
    })
    await fixture.clock.settle()
    expect(fixture.heard).toEqual(["begin", write.sql])
    fixture.server.session().resume()
    await fixture.clock.settle()
    expect([running.value?.ok, committing.value?.ok]).toEqual([true, true])
    expect(fixture.heard).toEqual(["begin", write.sql, "commit"])
    expect(fixture.server.applied).toEqual([write.sql])
    await expectCalm(lease)
  })

  it("is not sent when what it waited for has failed", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(write.sql, { error: pg("23505") })
    const [failed, committed] = await Promise.all([lease.run(write), lease.commit()])
    expect([failed.ok, committed.ok]).toEqual([false, false])
    expect(fixture.heard).toEqual(["begin", write.sql, "rollback"])
    await expectCalm(lease)
  })

  it("whose answer is lost is not repeated: nobody knows", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    fixture.server.when("commit", { dies: "unanswered" })
    expect(await fixture.settle(lease.commit())).toMatchObject({
      ok: false,
      attempts: 1,
      because: "effect-unknown",
      failure: { effect: "unknown", phase: "commit", retry: "never" },
    })
    expect(lease.firstFailure).toMatchObject({ effect: "unknown", retry: "never" })
    expect(fixture.server.applied).toEqual([write.sql])
    expect(fixture.told("transaction.committed")).toEqual([])
    expect(fixture.heard.filter((sql) => sql === "commit")).toHaveLength(1)
    await expectCalm(lease)
  })

  it("is acknowledged by its tag alone: what becomes of the connection then does not matter", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    fixture.server.when("commit", { dies: "unready" })
    expect(await lease.commit()).toMatchObject({ ok: true })
    expect(fixture.told("transaction.committed")).toHaveLength(1)
    await expectCalm(lease)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })

  it("that fails is a rollback, made by the server", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    fixture.server.when("commit", { error: pg("23503") })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { sqlState: "23503", effect: "not_applied" } })
    expect(fixture.server.applied).toEqual([])
    await expectCalm(lease)
  })

  it("answered with ROLLBACK is a failure", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    fixture.server.when("commit", { tag: "ROLLBACK" })
    expect(await lease.commit()).toMatchObject({
      ok: false,
      failure: { kind: "transaction_aborted", effect: "not_applied" },
    })
    await expectCalm(lease)
  })

  it("that met no transaction says nothing of ours, and costs the connection", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    fixture.server.when("commit", { notice: { code: "25P01", severity: "WARNING" } })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "unknown", retry: "never" } })
    await expectCalm(lease)
    expect(fixture.told("connection.discarded")).toHaveLength(1)
  })

  it("waits for nobody's standby for ever: it is not cancelled at its deadline, and has cancelMs more to answer", async () => {
    const lease = await fixture.transacting(within(500))
    await lease.run(write)
    fixture.server.when("commit", { hangs: true })
    const committing = new Watched(lease.commit())
    await fixture.clock.advance(500 + CANCEL_MS - 1)
    expect(committing.settled).toBe(false)
    expect(fixture.server.cancelRequests).toBe(0)
    await fixture.clock.advance(1)
    expect(committing.value).toMatchObject({ ok: false, failure: { kind: "deadline_exceeded", effect: "unknown" } })
    await expectCalm(lease)
  })

  it("cannot be asked for twice, nor after a rollback", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    const [first, again] = await Promise.all([lease.commit(), lease.commit()])
    expect(first.ok).toBe(true)
    expect(again).toMatchObject({ ok: false, attempts: 0, failure: { kind: "refused" } })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { kind: "refused" } })
    lease.begin({})
    await lease.rollback("caller")
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { kind: "refused" } })
    expect(fixture.heard.filter((sql) => sql === "commit")).toHaveLength(1)
    await expectCalm(lease)
  })

  it("is not sent as one of several statements of a text, which would go on behind it outside of everything", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    const refused = await lease.run(raw("insert into notes values (2); commit; insert into notes values (3)"))
    expect(refused).toMatchObject({ ok: false, failure: { kind: "refused", effect: "not_applied" } })
    expect(fixture.heard).not.toContain("commit")
    await lease.rollback("caller")
    await expectCalm(lease)
    expect(fixture.server.applied).toEqual([])
  })
})

describe("ROLLBACK", () => {
  it("is the server's and is told of, with its reason", async () => {
    for (const reason of ["caller", "failed"] as const) {
      const lease = await fixture.transacting()
      await lease.run(write)
      await lease.rollback(reason)
      expect(fixture.told("transaction.rolled-back").at(-1)).toMatchObject({ reason })
      await expectCalm(lease)
    }
    expect(fixture.server.applied).toEqual([])
  })

  it("waits for what is in flight", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(write.sql, { hangs: true })
    const running = new Watched(lease.run(write))
    const queued = new Watched(lease.run(second))
    await fixture.clock.settle()
    const rolledBack = new Watched(lease.rollback("failed").then(() => true))
    await fixture.clock.advance(CANCEL_MS - 1)
    expect(rolledBack.settled).toBe(false)
    expect(fixture.server.cancelRequests).toBe(0)
    fixture.server.session().resume()
    await fixture.clock.settle()
    expect(running.value).toMatchObject({ ok: true })
    expect(queued.value).toMatchObject({ ok: false, failure: { kind: "refused", effect: "not_applied" } })
    expect(rolledBack.settled).toBe(true)
    expect(fixture.heard).toEqual(["begin", write.sql, "rollback"])
    await expectCalm(lease)
  })

  it("stops what is in flight after cancelMs, and comes then", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(write.sql, { hangs: true })
    const running = new Watched(lease.run(write))
    await fixture.clock.settle()
    const rolledBack = lease.rollback("failed")
    await fixture.clock.advance(CANCEL_MS)
    await rolledBack
    expect(running.value).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    expect(fixture.server.cancelRequests).toBe(1)
    expect(fixture.heard).toEqual(["begin", write.sql, "rollback"])
    await expectCalm(lease)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("is not needed when what is in flight cannot be stopped: the connection goes, and the transaction with it", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(write.sql, { hangs: true })
    fixture.server.cancelling = { how: "ignored" }
    void lease.run(write)
    await fixture.clock.settle()
    const rolledBack = new Watched(lease.rollback("failed").then(() => true))
    await fixture.clock.advance(2 * CANCEL_MS)
    expect(rolledBack.settled).toBe(true)
    expect(fixture.heard).toEqual(["begin", write.sql])
    await expectCalm(lease)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })

  it("that nobody answers costs the connection", async () => {
    const lease = await fixture.transacting()
    fixture.server.when("rollback", { hangs: true })
    const rolledBack = new Watched(lease.rollback("failed").then(() => true))
    await fixture.clock.advance(CANCEL_MS - 1)
    expect(rolledBack.settled).toBe(false)
    await fixture.clock.advance(1)
    expect(rolledBack.settled).toBe(true)
    await expectCalm(lease)
    expect(fixture.told("connection.discarded")).toMatchObject([{ reason: "died" }])
  })

  it("of a lost transaction does nothing and reports nothing", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(write.sql, { dies: "before", lastWords: fatal("57P01") })
    const settled = await lease.run(write)
    await lease.rollback("failed")
    expect(settled).toMatchObject({ ok: false, because: "in-transaction", failure: { kind: "server_shutdown" } })
    expect(fixture.told("transaction.rolled-back")).toEqual([])
    await expectCalm(lease)
  })

  it("after COMMIT, or twice, is nothing", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    await lease.commit()
    await lease.rollback("caller")
    expect(fixture.heard).not.toContain("rollback")
    lease.begin({})
    await lease.run(write)
    await Promise.all([lease.rollback("caller"), lease.rollback("failed")])
    expect(fixture.heard.filter((sql) => sql === "rollback")).toHaveLength(1)
    await expectCalm(lease)
  })

  it("does not disturb a COMMIT that is on its way", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    const committing = lease.commit()
    await lease.rollback("caller")
    expect(await committing).toMatchObject({ ok: true })
    expect(fixture.heard).not.toContain("rollback")
    await expectCalm(lease)
  })

  it("waits for no connection: a BEGIN that was not sent is not sent any more", async () => {
    fixture = new Fixture()
    const others = await Promise.all(Array.from({ length: 5 }, () => fixture.pinned()))
    const lease = fixture.lease()
    lease.begin({})
    const waiting = new Watched(lease.run(write))
    await fixture.clock.settle()
    expect(fixture.pool.stats().waiting).toBe(1)
    await lease.rollback("failed")
    await fixture.clock.settle()
    expect(waiting.value).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    expect(fixture.pool.stats().waiting).toBe(0)
    expect(fixture.heard).toEqual([])
    await Promise.all(others.map((other) => other.release()))
    await expectCalm(lease)
  })

  it("does not wait for the next try of BEGIN", async () => {
    fixture.server.when("begin", { dies: "unanswered" })
    const lease = fixture.lease()
    lease.begin({})
    const waiting = new Watched(lease.run(write))
    await fixture.clock.settle()
    await lease.rollback("failed")
    await fixture.clock.settle()
    expect(waiting.value).toMatchObject({ ok: false })
    expect(fixture.heard).toEqual(["begin"])
    await expectCalm(lease)
  })
})

describe("the deadline of a transaction", () => {
  it("that passes before BEGIN has got a connection is what its statement is told of, not an abort that nobody asked for", async () => {
    const holding = await Promise.all(Array.from({ length: 5 }, () => fixture.pinned()))
    const lease = fixture.lease()
    lease.begin(within(100))
    const running = new Watched(lease.run(write))
    await fixture.clock.advance(101)
    expect(running.value).toMatchObject({
      ok: false,
      failure: { kind: "transaction_timeout", retry: "never", effect: "not_applied" },
    })
    await lease.release()
    for (const one of holding) await one.release()
  })

  it("that passes while no connection can be opened is told of in the same way", async () => {
    const lease = fixture.lease()
    fixture.connections.failures.push(...Array.from({ length: 1_000 }, () => unreachable))
    lease.begin(within(100))
    const running = new Watched(lease.run(write))
    await fixture.clock.advance(101)
    expect(running.value).toMatchObject({ ok: false, failure: { kind: "transaction_timeout", effect: "not_applied" } })
    await lease.release()
  })

  it("ends it when it passes, whatever its holder does", async () => {
    const lease = await fixture.transacting(within(500))
    await lease.run(write)
    await fixture.clock.advance(499)
    expect(fixture.heard.at(-1)).toBe(write.sql)
    await fixture.clock.advance(1)
    expect(fixture.heard.at(-1)).toBe("rollback")
    expect(fixture.told("transaction.rolled-back")).toMatchObject([{ reason: "deadline" }])
    expect(await lease.run(second)).toMatchObject({ ok: false, attempts: 0, failure: { effect: "not_applied" } })
    expect(await lease.savepoint("a")).toMatchObject({ ok: false, attempts: 0 })
    expect(await lease.commit()).toMatchObject({
      ok: false,
      failure: { kind: "transaction_timeout", effect: "not_applied" },
    })
    expect(fixture.server.applied).toEqual([])
    await expectCalm(lease)
  })

  it("stops the statement that is running then", async () => {
    const lease = await fixture.transacting(within(500))
    fixture.server.when(write.sql, { hangs: true })
    const running = new Watched(lease.run(write))
    await fixture.clock.advance(500)
    expect(running.value).toMatchObject({ ok: false, failure: { kind: "deadline_exceeded", effect: "not_applied" } })
    expect(fixture.server.cancelRequests).toBe(1)
    expect(fixture.heard.slice(-2)).toEqual([write.sql, "rollback"])
    expect(fixture.told("query.abandoned")).toMatchObject([{ reason: "deadline", confirmed: true }])
    await expectCalm(lease)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("reads the server's own limit, which was a little quicker, as what it is", async () => {
    const lease = await fixture.transacting(within(500))
    fixture.server.when(write.sql, { hangs: true })
    const running = new Watched(lease.run(write))
    await fixture.clock.settle()
    fixture.clock.jump(500)
    fixture.server.session().resume({
      error: pg("57014", { message: "canceling statement due to statement timeout", routine: "ProcessInterrupts" }),
    })
    await fixture.clock.settle()
    expect(running.value).toMatchObject({ ok: false, failure: { kind: "deadline_exceeded", retry: "never" } })
    await expectCalm(lease)
  })

  it("holds while BEGIN waits for a connection", async () => {
    const others = await Promise.all(Array.from({ length: 5 }, () => fixture.pinned()))
    const lease = fixture.lease()
    lease.begin(within(500))
    const waiting = new Watched(lease.run(write))
    await fixture.clock.advance(500)
    expect(waiting.value).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    await Promise.all(others.map((other) => other.release()))
    expect(fixture.heard).toEqual([])
    await expectCalm(lease)
  })

  it("leaves the lease to its holder's next transaction, once he has ended this one himself", async () => {
    const lease = await fixture.transacting(within(500))
    await fixture.clock.advance(500)
    expect(() => lease.begin({})).toThrow("bug:")
    expect(await lease.commit()).toMatchObject({ ok: false })
    lease.begin({})
    expect(await lease.run(write)).toMatchObject({ ok: true })
    expect(await lease.commit()).toMatchObject({ ok: true })
    await expectCalm(lease)
  })

  it.each([
    ["COMMIT", (lease: Lease): Promise<unknown> => lease.commit()],
    ["ROLLBACK", (lease: Lease): Promise<unknown> => lease.rollback("caller")],
    ["its release", (lease: Lease): Promise<unknown> => lease.release()],
  ])("is forgotten with %s: it ends nothing that comes later", async (_, end) => {
    const lease = await fixture.transacting(within(500))
    // Its connection keeps the process alive, and not its timer.
    expect(fixture.clock.timers.foreground).toBe(0)
    await end(lease)
    await expectCalm(lease)
    const ended = fixture.told("transaction.rolled-back").length
    const other = await fixture.transacting()
    await other.run(write)
    await fixture.clock.advance(1_000)
    expect(fixture.told("transaction.rolled-back")).toHaveLength(ended)
    expect(await other.commit()).toMatchObject({ ok: true })
    await expectCalm(other)
  })
})

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import {
  all,
  CANCEL_MS,
  fatal,
  Fixture,
  hiddenWrite,
  maybeRead,
  pg,
  provedRead,
  raw,
  Watched,
  write,
} from "./fixture.ts"

let fixture: Fixture

beforeEach(() => {
  fixture = new Fixture()
})

afterEach(() => {
  // Whatever a test did: nothing was given back twice.
  const open = fixture.pool.returns.map(({ connection }) => connection)
  const back = fixture.told("connection.discarded").map(({ connectionId }) => connectionId)
  expect(new Set(back).size).toBe(back.length)
  expect(open.length).toBeGreaterThanOrEqual(back.length)
})

const lost = { kind: "connection_failed", effect: "not_applied" }

describe("a fresh lease", () => {
  it("holds nothing, and costs nothing to release", async () => {
    const lease = fixture.lease()
    expect(lease.pinned).toBeUndefined()
    await lease.release()
    expect(fixture.server.sessions).toEqual([])
    expect(fixture.pool.returns).toEqual([])
  })

  it("is pinned by its first success, and stays on that connection", async () => {
    const other = await fixture.pinned()
    const lease = await fixture.pinned()
    await other.release()
    await lease.run(write)
    await lease.run(provedRead)
    expect(fixture.server.texts(2)).toEqual([provedRead.sql, write.sql, provedRead.sql])
    await lease.release()
    expect(fixture.pool.returns).toEqual([
      { connection: 1, fate: "keep", reason: undefined },
      { connection: 2, fate: "keep", reason: undefined },
    ])
  })

  it("gives its connection back after a failure, before anybody waits for anything, and is still fresh", async () => {
    fixture.server.when(write.sql, { error: pg("23505") }, 1)
    const lease = fixture.lease()
    expect(await lease.run(write)).toMatchObject({ ok: false, failure: { sqlState: "23505" } })
    expect(lease.pinned).toBeUndefined()
    expect(fixture.pool.stats()).toMatchObject({ leased: 0, idle: 1 })
    expect(await lease.run(write)).toMatchObject({ ok: true })
    await lease.release()
    expect(fixture.pool.returns).toHaveLength(2)
  })

  it("moves to another connection when the first is lost", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" }, 1)
    const lease = fixture.lease()
    expect(await fixture.settle(lease.run(provedRead))).toMatchObject({ ok: true, attempts: 2 })
    expect(lease.pinned?.id).toBe(2)
    await lease.release()
    expect(fixture.pool.returns).toEqual([
      { connection: 1, fate: "discard", reason: "died" },
      { connection: 2, fate: "keep", reason: undefined },
    ])
  })

  it("keeps a connection on which a failed statement has begun a transaction: its caller will want to end it", async () => {
    fixture.server.when("select 1/0", { error: pg("22012") })
    const lease = fixture.lease()
    expect(await lease.run(raw("begin; select 1/0"))).toMatchObject({ ok: false })
    expect(lease.pinned?.transactionStatus).toBe("E")
    expect(await lease.run(raw("rollback"))).toMatchObject({ ok: true })
    await lease.release()
    expect(fixture.told("transaction.orphaned")).toEqual([])
  })

  it("does not take a connection that is not clean", async () => {
    const before = await fixture.pinned()
    const connection = before.pinned
    await before.release()
    void connection?.perform({ protocol: "simple", sql: "begin" })
    const lease = fixture.lease()
    expect(await lease.run(write)).toMatchObject({ ok: true })
    expect(lease.pinned?.id).toBe(2)
    expect(fixture.pool.returns[1]).toEqual({ connection: 1, fate: "discard", reason: "not-clean" })
    await lease.release()
  })

  it("encloses what may be a read, and only while it is fresh", async () => {
    const lease = fixture.lease()
    await lease.run(maybeRead)
    await lease.run(maybeRead)
    expect(fixture.server.texts()).toEqual(["begin read only", maybeRead.sql, "commit", maybeRead.sql])
    await lease.release()
  })
})

describe("a pinned lease", () => {
  it("never commits the transaction that raw SQL has begun on it", async () => {
    const lease = fixture.lease()
    await lease.run(raw("begin"))
    await lease.run(write)
    await lease.run(maybeRead)
    expect(fixture.server.applied).toEqual([])
    await lease.run(raw("rollback"))
    await lease.release()
    expect(fixture.server.applied).toEqual([])
  })

  it("is lost with its connection: what comes then is refused, and sent nowhere", async () => {
    const lease = await fixture.pinned()
    fixture.server.when(write.sql, { dies: "unanswered" })
    expect(await fixture.settle(lease.run(write))).toMatchObject({
      ok: false,
      attempts: 1,
      because: "effect-unknown",
      failure: { effect: "unknown" },
    })
    for (const query of [provedRead, maybeRead, write]) {
      expect(await fixture.settle(lease.run(query))).toMatchObject({
        ok: false,
        because: "session-pinned",
        failure: lost,
      })
    }
    expect(fixture.server.sessions).toHaveLength(1)
    await lease.release()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })

  it("says of each refused statement that it was not applied, whatever became of the one that lost it", async () => {
    const lease = await fixture.pinned()
    fixture.server.when(write.sql, { dies: "unanswered" })
    await lease.run(write)
    lease.begin({})
    const settled = await lease.run(provedRead)
    expect(settled).toMatchObject({ ok: false, failure: { ...lost, phase: "transaction" } })
    await lease.rollback("caller")
    await lease.release()
  })

  it("does not read again on another connection, though it was only a read: session state would be missing there", async () => {
    const lease = await fixture.pinned()
    fixture.server.when(provedRead.sql, { dies: "unanswered" })
    expect(await fixture.settle(lease.run(provedRead))).toMatchObject({
      ok: false,
      attempts: 1,
      because: "session-pinned",
    })
    await lease.release()
  })

  it("is lost too when its connection died while nobody used it", async () => {
    const lease = await fixture.pinned()
    fixture.server.session().lose(undefined, fatal("57P01"))
    await fixture.clock.settle()
    expect(await fixture.settle(lease.run(provedRead))).toMatchObject({
      ok: false,
      failure: { kind: "server_shutdown", effect: "not_applied" },
    })
    expect(fixture.server.texts()).toEqual([provedRead.sql])
    await lease.release()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })

  it("can be released though its connection died while nobody used it", async () => {
    const lease = await fixture.pinned()
    fixture.server.session().lose()
    await lease.release()
    expect(fixture.told("connection.discarded")).toMatchObject([{ connectionId: 1, reason: "died" }])
    expect(fixture.pool.stats()).toMatchObject({ leased: 0, idle: 0 })
  })

  it("repeats what met a conflict, on the same connection", async () => {
    const lease = await fixture.pinned()
    fixture.server.when(write.sql, { error: pg("40001") }, 1)
    expect(await fixture.settle(lease.run(write))).toMatchObject({ ok: true, attempts: 2 })
    expect(fixture.server.sessions).toHaveLength(1)
    await lease.release()
  })
})

describe("answered, and gone with its next breath", () => {
  it("runs a lost BEGIN of the caller's own again: nothing can have stayed of it", async () => {
    const lease = fixture.lease()
    fixture.server.when("begin", { dies: "unanswered" }, 1)
    expect(await fixture.settle(lease.run(raw("begin")))).toMatchObject({ ok: true, attempts: 2 })
    await lease.run(write)
    await lease.run(raw("commit"))
    expect(fixture.server.texts()).toEqual(["begin", "begin", write.sql, "commit"])
    expect(fixture.server.applied).toEqual([write.sql])
    await lease.release()
  })

  it("lets nothing run elsewhere: what the answer began is gone", async () => {
    const lease = fixture.lease()
    fixture.server.when("begin", { dies: "ready" })
    expect(await lease.run(raw("begin"))).toMatchObject({ ok: true })
    expect(await fixture.settle(lease.run(write))).toMatchObject({
      ok: false,
      because: "session-pinned",
      failure: lost,
    })
    expect(fixture.server.texts()).toEqual(["begin"])
    await lease.release()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })

  it("holds for a transaction of ours as well: BEGIN is not followed by an autocommit write", async () => {
    const lease = fixture.lease()
    lease.begin({})
    fixture.server.when("begin", { dies: "ready" })
    expect(await fixture.settle(lease.run(write))).toMatchObject({
      ok: false,
      failure: { ...lost, retry: "transaction" },
    })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    await lease.release()
    expect(fixture.server.texts()).toEqual(["begin"])
    expect(fixture.server.applied).toEqual([])
  })

  it("holds behind a statement of a transaction: COMMIT is sent nowhere", async () => {
    const lease = await fixture.transacting()
    fixture.server.when(write.sql, { dies: "ready" })
    expect(await lease.run(write)).toMatchObject({ ok: true })
    expect(await fixture.settle(lease.commit())).toMatchObject({
      ok: false,
      failure: { ...lost, phase: "commit", retry: "transaction" },
    })
    await lease.release()
    expect(fixture.server.texts()).toEqual(["begin", provedRead.sql, write.sql])
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })

  it("does not undo what is done", async () => {
    const lease = fixture.lease()
    fixture.server.when(write.sql, { dies: "ready" })
    expect(await lease.run(write)).toMatchObject({ ok: true, attempts: 1 })
    await lease.release()
    expect(fixture.server.applied).toEqual([write.sql])
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })
})

describe("one after the other", () => {
  it("sends a statement when the one before it has settled, in the order of asking", async () => {
    fixture.server.byHand = true
    const lease = fixture.lease()
    const [first, second, third] = [write, provedRead, maybeRead].map((query) => new Watched(lease.run(query)))
    await fixture.clock.settle()
    expect(fixture.server.texts()).toEqual([])
    fixture.server.session().answer()
    await fixture.clock.settle()
    expect([first?.settled, second?.settled]).toEqual([true, false])
    fixture.server.session().answer()
    await fixture.clock.settle()
    fixture.server.session().answer()
    await fixture.clock.settle()
    expect(third?.value).toMatchObject({ ok: true })
    expect(fixture.server.texts()).toEqual([write.sql, provedRead.sql, maybeRead.sql])
    fixture.server.byHand = false
    await lease.release()
  })

  it("goes on after one that failed", async () => {
    fixture.server.when(write.sql, { error: pg("23505") })
    const lease = fixture.lease()
    const [first, second] = await Promise.all([lease.run(write), lease.run(provedRead)])
    expect([first.ok, second.ok]).toEqual([false, true])
    await lease.release()
  })

  it("counts a statement's time from when it was asked for, not from its turn", async () => {
    fixture.server.when(write.sql, { hangs: true })
    const lease = fixture.lease()
    const slow = new Watched(lease.run(write))
    const behind = new Watched(lease.run(provedRead, { timeoutMs: 100 }))
    await fixture.clock.advance(99)
    expect(behind.settled).toBe(false)
    await fixture.clock.advance(1)
    expect(behind.value).toMatchObject({
      ok: false,
      failure: { kind: "deadline_exceeded", effect: "not_applied", retry: "never" },
    })
    expect(slow.settled).toBe(false)
    fixture.server.session().resume()
    await fixture.clock.settle()
    expect(slow.value).toMatchObject({ ok: true })
    expect(fixture.server.texts()).toEqual([write.sql])
    await lease.release()
    expect(fixture.clock.timers.foreground).toBe(0)
  })

  it("lets one leave the line whose caller has gone", async () => {
    fixture.server.when(write.sql, { hangs: true })
    const lease = fixture.lease()
    const slow = lease.run(write)
    const controller = new AbortController()
    const behind = new Watched(lease.run(provedRead, { signal: controller.signal }))
    const last = lease.run(maybeRead)
    await fixture.clock.settle()
    controller.abort(new Error("enough"))
    await fixture.clock.settle()
    expect(behind.value).toMatchObject({ ok: false, failure: { kind: "aborted", effect: "not_applied" } })
    fixture.server.session().resume()
    expect(await slow).toMatchObject({ ok: true })
    expect(await last).toMatchObject({ ok: true })
    expect(fixture.server.texts()).toEqual([write.sql, maybeRead.sql])
    await lease.release()
  })

  it("takes a batch for one", async () => {
    const lease = fixture.lease()
    const [batch, after] = await Promise.all([lease.batch([write, provedRead]), lease.run(provedRead)])
    expect(batch).toMatchObject({ ok: true, value: [{ command: "INSERT", affected: 1n }, { command: "SELECT" }] })
    expect(after.ok).toBe(true)
    expect(await lease.batch([])).toEqual({ ok: true, value: [], attempts: 0 })
    await lease.release()
  })

  it("fails a batch as a whole", async () => {
    fixture.server.when("notes values (2)", { error: pg("23505") })
    const lease = fixture.lease()
    expect(await lease.batch([write, raw("insert into notes values (2)"), provedRead])).toMatchObject({
      ok: false,
      failure: { effect: "not_applied" },
    })
    expect(fixture.server.applied).toEqual([])
    await lease.release()
  })

  it("runs what was asked for before a transaction began outside of it", async () => {
    fixture.server.when(write.sql, { hangs: true }, 1)
    const lease = fixture.lease()
    const first = lease.run(write)
    const second = lease.run(raw("insert into notes values (2)"))
    await fixture.clock.settle()
    lease.begin({})
    const inside = lease.run(raw("insert into notes values (3)"))
    fixture.server.session().resume()
    expect(await Promise.all([first, second, inside])).toMatchObject([{ ok: true }, { ok: true }, { ok: true }])
    await lease.rollback("caller")
    await lease.release()
    expect(fixture.server.applied).toEqual([write.sql, "insert into notes values (2)"])
  })

  it("refuses raw transaction control at the door that it could not follow, and sends nothing", async () => {
    const lease = fixture.lease()
    expect(await lease.run(raw("commit and chain"))).toMatchObject({
      ok: false,
      attempts: 0,
      failure: { kind: "refused" },
    })
    expect(await lease.batch([write, raw("prepare transaction 'x'")])).toMatchObject({ ok: false, attempts: 0 })
    expect(fixture.server.sessions).toEqual([])
    await lease.release()
  })

  it("refuses what cannot be sent, and stays what it was", async () => {
    const lease = fixture.lease()
    expect(await lease.run({ ...raw("select $1"), parameters: ["\0"] })).toMatchObject({
      ok: false,
      attempts: 0,
      failure: { kind: "encode_failed" },
    })
    expect(await lease.run(hiddenWrite)).toMatchObject({ ok: true })
    await lease.release()
  })
})

describe("release", () => {
  it("gives back once, however often it is called", async () => {
    const lease = await fixture.pinned()
    const [first, second] = [lease.release(), lease.release()]
    expect(second).toBe(first)
    await first
    await lease.release()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("refuses what comes after, and sends nothing of it", async () => {
    const lease = await fixture.pinned()
    await lease.release()
    const refusal = { ok: false, attempts: 0, failure: { kind: "refused", effect: "not_applied", retry: "never" } }
    expect(await lease.run(provedRead)).toMatchObject(refusal)
    expect(await lease.batch([write])).toMatchObject(refusal)
    expect(await lease.savepoint("a")).toMatchObject(refusal)
    expect(await all(lease.stream(provedRead, 10))).toMatchObject([{ ok: false, failure: refusal.failure }])
    lease.begin({})
    expect(await lease.run(write)).toMatchObject(refusal)
    await lease.rollback("caller")
    expect(fixture.server.texts()).toEqual([provedRead.sql])
  })

  it("waits for what is in flight, and refuses what comes meanwhile", async () => {
    const lease = await fixture.pinned()
    fixture.server.when(write.sql, { hangs: true })
    const running = new Watched(lease.run(write))
    await fixture.clock.settle()
    const released = new Watched(lease.release().then(() => true))
    expect(await lease.run(provedRead)).toMatchObject({ ok: false, attempts: 0 })
    await fixture.clock.advance(CANCEL_MS - 1)
    expect(released.settled).toBe(false)
    fixture.server.session().resume()
    await fixture.clock.settle()
    expect(running.value).toMatchObject({ ok: true })
    expect(released.settled).toBe(true)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
    expect(fixture.clock.timers.foreground).toBe(0)
  })

  it("stops what is in flight after cancelMs", async () => {
    const lease = await fixture.pinned()
    fixture.server.when(write.sql, { hangs: true })
    const running = new Watched(lease.run(write))
    await fixture.clock.settle()
    const released = lease.release()
    await fixture.clock.advance(CANCEL_MS)
    await released
    expect(running.value).toMatchObject({ ok: false, failure: { kind: "pool_closed", effect: "not_applied" } })
    expect(fixture.told("query.abandoned")).toMatchObject([{ reason: "close", confirmed: true, sql: write.sql }])
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("does not cancel a COMMIT that is in flight, and gives it the time to answer", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    fixture.server.when("commit", { hangs: true })
    const committing = new Watched(lease.commit())
    await fixture.clock.settle()
    const released = lease.release()
    await fixture.clock.advance(2 * CANCEL_MS - 1)
    expect(fixture.server.cancelRequests).toBe(0)
    fixture.server.session().resume()
    await released
    expect(committing.value).toMatchObject({ ok: true })
    expect(fixture.server.applied).toEqual([write.sql])
  })

  it("rolls back a transaction that nobody has ended", async () => {
    const lease = await fixture.transacting()
    await lease.run(write)
    await lease.release()
    expect(fixture.heard).toEqual(["begin", write.sql, "rollback"])
    expect(fixture.told("transaction.rolled-back")).toMatchObject([{ reason: "repair" }])
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
    expect(fixture.clock.timers.foreground).toBe(0)
  })

  it("of a transaction that never began sends nothing", async () => {
    const lease = fixture.lease()
    lease.begin({})
    await lease.release()
    expect(fixture.server.sessions).toEqual([])
    expect(fixture.told("transaction.rolled-back")).toEqual([])
  })
})

describe("a transaction that raw SQL left open", () => {
  async function orphan(policy: "rollback" | "commit" | "discard", ...queries: string[]): Promise<void> {
    fixture = new Fixture({}, policy)
    fixture.server.when("wrong", { error: pg("42601") })
    const lease = fixture.lease()
    for (const sql of ["begin", write.sql, ...queries]) await lease.run(raw(sql))
    await lease.release()
  }

  it("is rolled back, and told of", async () => {
    await orphan("rollback")
    expect(fixture.heard.at(-1)).toBe("rollback")
    expect(fixture.told("transaction.orphaned")).toMatchObject([{ connectionId: 1, action: "rollback" }])
    expect(fixture.told("connection.repaired")).toMatchObject([{ connectionId: 1, found: "T", by: "rollback" }])
    expect(fixture.told("transaction.rolled-back")).toMatchObject([{ reason: "orphan" }])
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("is committed by the user's wish, while no statement of it has failed", async () => {
    await orphan("commit")
    expect(fixture.server.applied).toEqual([write.sql])
    expect(fixture.told("connection.repaired")).toMatchObject([{ found: "T", by: "commit" }])
    expect(fixture.told("transaction.rolled-back")).toEqual([])
  })

  it("is rolled back against that wish once a statement of it has failed, though a savepoint has healed it", async () => {
    await orphan("commit", "savepoint a", "wrong", "rollback to savepoint a")
    expect(fixture.heard.at(-1)).toBe("rollback")
    expect(fixture.server.applied).toEqual([])
    expect(fixture.told("connection.repaired")).toMatchObject([{ found: "T", by: "rollback" }])
  })

  it("is one anew after the one that failed was ended", async () => {
    await orphan("commit", "wrong", "rollback", "begin", "insert into notes values (2)")
    expect(fixture.server.applied).toEqual(["insert into notes values (2)"])
  })

  it("takes its connection with it by the user's wish", async () => {
    await orphan("discard")
    expect(fixture.heard.at(-1)).toBe(write.sql)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "not-clean" }])
  })

  it("takes its connection with it when the server does not answer the rollback", async () => {
    fixture.server.when("rollback", { hangs: true })
    const lease = fixture.lease()
    await lease.run(raw("begin"))
    const released = new Watched(lease.release().then(() => true))
    await fixture.clock.advance(CANCEL_MS - 1)
    expect(released.settled).toBe(false)
    await fixture.clock.advance(1)
    expect(released.settled).toBe(true)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })

  it("is gone already when its connection is", async () => {
    const lease = fixture.lease()
    await lease.run(raw("begin"))
    fixture.server.session().lose()
    await lease.release()
    expect(fixture.told("transaction.orphaned")).toEqual([])
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })
})

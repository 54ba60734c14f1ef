import type { StreamChunk } from "@kysely-resilient/driver"
import { beforeEach, describe, expect, it } from "vitest"

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
  SLOW_MS,
  Watched,
  write,
} from "./fixture.ts"

let fixture: Fixture

beforeEach(() => {
  fixture = new Fixture()
})

const rows = (count: number) => Array.from({ length: count }, (_, index) => ({ n: String(index + 1) }))
const sizes = (chunks: readonly StreamChunk[]) =>
  chunks.map((chunk) => (chunk.ok ? chunk.value.length : chunk.failure.kind))
/** How often each Sync group was sent, by its kinds of messages. */
const groups = (connection = 1): string[] =>
  fixture.server.session(connection).client.connection.groups.map((messages) =>
    messages
      .filter(({ type }) => type !== "bind" && type !== "describe" && type !== "sync")
      .map((message) => {
        if (message.type === "parse" || message.type === "query") return message.sql
        if (message.type === "execute")
          return message.portal === "" ? "" : `execute ${message.portal} ${message.rowsMax}`
        return message.type === "close" ? `close ${message.name}` : message.type
      })
      .filter((text) => text !== "")
      .join("; "),
  )

describe("a stream of its own", () => {
  it("brings a transaction, reads chunk by chunk, and ends what it began", async () => {
    fixture.server.when(provedRead.sql, { rows: rows(5) })
    const lease = fixture.lease()
    const chunks = await all(lease.stream(provedRead, 2))
    expect(chunks.map((chunk) => chunk.ok && chunk.value)).toEqual([
      [{ n: "1" }, { n: "2" }],
      [{ n: "3" }, { n: "4" }],
      [{ n: "5" }],
    ])
    expect(groups()).toEqual([
      `begin read only; ${provedRead.sql}; execute stream_1 2`,
      "execute stream_1 2",
      "execute stream_1 2",
      "close stream_1; commit",
    ])
    await lease.release()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
    expect(fixture.told("query.succeeded")).toMatchObject([{ attempts: 1, access: "read", sql: provedRead.sql }])
  })

  it.each([
    [0, [], 1],
    [1, [1], 1],
    [2, [2], 2],
    [3, [2, 1], 2],
    [4, [2, 2], 3],
  ])("of %i rows gives chunks of %j", async (count, chunks, fetches) => {
    fixture.server.when(provedRead.sql, { rows: rows(count), columns: [{ name: "n", dataTypeID: 25 }] })
    const lease = fixture.lease()
    expect(sizes(await all(lease.stream(provedRead, 2)))).toEqual(chunks)
    expect(groups().filter((group) => group.includes("execute stream_1"))).toHaveLength(fetches)
    await lease.release()
  })

  it("gives each portal a name of its own", async () => {
    fixture.server.when(provedRead.sql, { rows: rows(3) })
    const lease = fixture.lease()
    await all(lease.stream(provedRead, 2))
    await all(lease.stream(provedRead, 2))
    expect(groups().filter((group) => group.startsWith("close"))).toEqual([
      "close stream_1; commit",
      "close stream_2; commit",
    ])
    await lease.release()
  })

  it("moves to another connection while nothing is out", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" }, 1)
    fixture.server.when(provedRead.sql, { rows: rows(1) })
    const lease = fixture.lease()
    expect(sizes(await fixture.settle(all(lease.stream(provedRead, 2))))).toEqual([1])
    expect(fixture.told("query.retried")).toMatchObject([{ attempt: 1, delayMs: SLOW_MS / 2 }])
    await lease.release()
  })

  it("never begins again once rows are out: it ends with the failure, and says why", async () => {
    fixture.server.when(provedRead.sql, { rows: rows(5) })
    const lease = fixture.lease()
    const stream = lease.stream(provedRead, 2)
    expect((await stream.next()).value).toMatchObject({ ok: true })
    fixture.server.session().lose(undefined, fatal("57P01"))
    expect((await fixture.settle(stream.next())).value).toMatchObject({
      ok: false,
      because: "rows-delivered",
      failure: { kind: "server_shutdown", effect: "not_applied" },
    })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    await lease.release()
    expect(fixture.server.sessions).toHaveLength(1)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })

  it("ends well when its rows are out, whatever became of the end of its read", async () => {
    fixture.server.when(maybeRead.sql, { rows: rows(1) })
    fixture.server.when("commit", { dies: "unanswered" })
    const lease = fixture.lease()
    expect(sizes(await fixture.settle(all(lease.stream(maybeRead, 2))))).toEqual([1])
    await lease.release()
  })

  it("that wrote says that nobody knows when the answer to its COMMIT is lost", async () => {
    const returning = raw("insert into notes values (1) returning n")
    fixture.server.when(returning.sql, { rows: rows(1) })
    fixture.server.when("commit", { dies: "unanswered" })
    const lease = fixture.lease()
    const chunks = await fixture.settle(all(lease.stream(returning, 2)))
    expect(chunks.at(-1)).toMatchObject({ ok: false, failure: { effect: "unknown" } })
    expect(fixture.server.applied).toEqual([returning.sql])
    await lease.release()
  })

  it("that turned out to write is one: what became of its COMMIT matters then", async () => {
    fixture.server.when(hiddenWrite.sql, { rows: rows(1) })
    fixture.server.when("commit", { dies: "unanswered" })
    const lease = fixture.lease()
    const chunks = await fixture.settle(all(lease.stream(hiddenWrite, 2)))
    expect(sizes(chunks)).toEqual([1, "connection_failed"])
    expect(chunks.at(-1)).toMatchObject({ ok: false, failure: { effect: "unknown", phase: "commit" } })
    expect(fixture.server.applied).toEqual([hiddenWrite.sql])
    await lease.release()
  })

  it("that turned out to write is run as a write, once, and remembered", async () => {
    fixture.server.when(hiddenWrite.sql, { rows: rows(3) })
    const lease = fixture.lease()
    expect(sizes(await all(lease.stream(hiddenWrite, 2)))).toEqual([2, 1])
    expect(fixture.server.applied).toEqual([hiddenWrite.sql])
    await all(lease.stream(hiddenWrite, 2))
    expect(fixture.server.applied).toHaveLength(2)
    expect(fixture.heard.filter((sql) => sql === "begin read only")).toHaveLength(1)
    await lease.release()
  })

  it("that failed leaves nothing open", async () => {
    fixture.server.when(maybeRead.sql, { error: pg("22012") })
    const lease = fixture.lease()
    expect(await all(lease.stream(maybeRead, 2))).toMatchObject([{ ok: false, failure: { sqlState: "22012" } }])
    expect(fixture.server.session().status).toBe("I")
    expect(await lease.run(write)).toMatchObject({ ok: true })
    await lease.release()
  })

  it("is refused before anything is sent when it cannot be sent, or must not", async () => {
    const lease = fixture.lease()
    const unsendable = { ...raw("select $1"), parameters: ["\0"] }
    expect(await all(lease.stream(unsendable, 2))).toMatchObject([{ ok: false, failure: { kind: "encode_failed" } }])
    expect(await all(lease.stream(raw("commit and chain"), 2))).toMatchObject([
      { ok: false, failure: { kind: "refused" } },
    ])
    expect(fixture.server.sessions).toEqual([])
    await lease.release()
  })

  it("is given up when its signal is, and what it began with it", async () => {
    fixture.server.when(write.sql, { rows: rows(5) })
    const controller = new AbortController()
    const lease = fixture.lease()
    const stream = lease.stream(write, 2, { signal: controller.signal })
    await stream.next()
    controller.abort(new Error("enough"))
    expect((await fixture.settle(stream.next())).value).toMatchObject({ ok: false, failure: { kind: "aborted" } })
    await stream.next()
    expect(fixture.server.session().status).toBe("I")
    expect(fixture.server.applied).toEqual([])
    await lease.release()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("bounds each wait for the server, and not its consumer", async () => {
    fixture.server.when(provedRead.sql, { rows: rows(5) })
    const lease = fixture.lease()
    const stream = lease.stream(provedRead, 2, { timeoutMs: 100 })
    await stream.next()
    await fixture.clock.advance(1_000)
    expect((await stream.next()).value).toMatchObject({ ok: true })
    await stream.return?.()
    await lease.release()
  })

  it("keeps other statements of its lease waiting until it is over", async () => {
    fixture.server.when(provedRead.sql, { rows: rows(3) })
    const lease = fixture.lease()
    const stream = lease.stream(provedRead, 2)
    await stream.next()
    const behind = new Watched(lease.run(write))
    await fixture.clock.settle()
    expect(behind.settled).toBe(false)
    await all(stream)
    await fixture.clock.settle()
    expect(behind.value).toMatchObject({ ok: true })
    expect(groups().at(-1)).toBe(write.sql)
    await lease.release()
  })
})

describe("a consumer that leaves early", () => {
  it("closes the portal and ends the transaction; what was written stands", async () => {
    fixture.server.when(write.sql, { rows: rows(5) })
    const lease = fixture.lease()
    for await (const chunk of lease.stream(write, 2)) {
      expect(chunk.ok).toBe(true)
      break
    }
    expect(groups().at(-1)).toBe("close stream_1; commit")
    expect(fixture.server.applied).toEqual([write.sql])
    expect(await lease.run(provedRead)).toMatchObject({ ok: true })
    await lease.release()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("hears nothing of a connection that is lost by then", async () => {
    fixture.server.when(provedRead.sql, { rows: rows(5) })
    const lease = fixture.lease()
    const stream = lease.stream(provedRead, 2)
    await stream.next()
    fixture.server.session().lose()
    expect(await stream.return?.()).toEqual({ done: true, value: undefined })
    await lease.release()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
  })

  it("and forgets the stream does not keep the lease: its release ends it, and rolls back", async () => {
    fixture = new Fixture({}, "commit")
    fixture.server.when(write.sql, { rows: rows(5) })
    const lease = fixture.lease()
    const stream = lease.stream(write, 2)
    await stream.next()
    const released = new Watched(lease.release().then(() => true))
    await fixture.clock.advance(CANCEL_MS)
    expect(released.settled).toBe(true)
    // It is a transaction of ours that did not reach COMMIT, and no orphan of raw SQL.
    expect(fixture.server.applied).toEqual([])
    expect(fixture.server.session().status).toBe("I")
    expect(fixture.told("transaction.orphaned")).toEqual([])
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
    expect(fixture.clock.timers.foreground).toBe(0)

    // Should it be remembered after all, it says so and sends nothing.
    expect(await all(stream)).toMatchObject([{ ok: false, failure: { kind: "refused", effect: "not_applied" } }])
    expect(groups()).toHaveLength(2)
  })
})

describe("a stream in a transaction", () => {
  it("lives in it, beside other statements", async () => {
    fixture.server.when(maybeRead.sql, { rows: rows(3) })
    const lease = await fixture.transacting()
    const stream = lease.stream(maybeRead, 2)
    await stream.next()
    await lease.run(write)
    await all(stream)
    expect(groups().slice(2)).toEqual([
      `${maybeRead.sql}; execute stream_1 2`,
      write.sql,
      "execute stream_1 2",
      "close stream_1",
    ])
    expect(await lease.commit()).toMatchObject({ ok: true })
    await lease.release()
  })

  it("fails it, as any statement", async () => {
    fixture.server.when(maybeRead.sql, { error: pg("22012") })
    const lease = await fixture.transacting()
    await all(lease.stream(maybeRead, 2))
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { kind: "transaction_aborted" } })
    await lease.release()
  })

  it("that only read needs no answer to COMMIT; one that may write does", async () => {
    for (const [query, effect] of [
      [provedRead, "not_applied"],
      [maybeRead, "unknown"],
    ] as const) {
      fixture = new Fixture()
      const lease = await fixture.transacting()
      await all(lease.stream(query, 2))
      fixture.server.when("commit", { dies: "unanswered" })
      expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect } })
      await lease.release()
    }
  })

  it("ends with it: what is left is not read in the next transaction, which it would fail", async () => {
    fixture.server.when(maybeRead.sql, { rows: rows(5) })
    const lease = await fixture.transacting()
    const stream = lease.stream(maybeRead, 2)
    await stream.next()
    await lease.commit()
    const sent = groups().length
    expect((await stream.next()).value).toMatchObject({
      ok: false,
      failure: { kind: "refused", effect: "not_applied" },
    })
    lease.begin({})
    await lease.run(write)
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    expect(await lease.commit()).toMatchObject({ ok: true })
    expect(groups().slice(sent)).toEqual(["begin", write.sql, "commit"])
    await lease.release()
  })

  it("does not begin a transaction that is begun while it is under way by itself", async () => {
    fixture.server.when(maybeRead.sql, { rows: rows(5) })
    const lease = fixture.lease()
    const stream = lease.stream(maybeRead, 2)
    await stream.next()
    lease.begin({})
    const inside = new Watched(lease.run(write))
    expect(sizes(await all(stream))).toEqual([2, 1])
    await fixture.clock.settle()
    expect(inside.value).toMatchObject({ ok: true })
    expect(await lease.commit()).toMatchObject({ ok: true })
    expect(groups().slice(-5)).toEqual(["execute stream_1 2", "close stream_1; commit", "begin", write.sql, "commit"])
    expect(fixture.server.applied).toEqual([write.sql])
    await lease.release()
  })
})

import type { PgConnection } from "@kysely-resilient/driver/src/postgres/connection.ts"
import { Exchange } from "@kysely-resilient/driver/src/postgres/exchange.ts"
import type { Request } from "@kysely-resilient/driver/src/postgres/request.ts"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"
import type { BackendMessage } from "../../../support/scripted-client.ts"
import { ScriptedServer } from "../../../support/scripted-server.ts"
import { CANCEL_MS, connectTo, fatal, pg, SILENCE_MS } from "../execution/fixture.ts"

const simple = (sql: string): Request => ({ protocol: "simple", sql })

/** A connection, its far end, and what has ended on it. */
function setUp() {
  const clock = new FakeClock()
  const server = new ScriptedServer(clock)
  const connection = connectTo(server)
  const done: Exchange[] = []
  const lost: PgConnection[] = []
  connection.onLost((gone) => lost.push(gone))
  const run = (sql: string, deadlineAt?: number): Exchange => {
    const exchange = new Exchange(simple(sql))
    exchange.cancellable = sql !== "commit"
    connection.run(exchange, (ended) => done.push(ended), deadlineAt)
    return exchange
  }
  return { clock, server, session: server.session(), connection, done, lost, run }
}

describe("running", () => {
  it("is busy until ReadyForQuery, and says once that it is done", async () => {
    const { clock, connection, done, run } = setUp()
    expect(connection).toMatchObject({ busy: false, reusable: true, transactionStatus: "I" })
    const exchange = run("select 1")
    expect(connection).toMatchObject({ busy: true, reusable: false })
    await clock.settle()
    expect(done).toEqual([exchange])
    expect(exchange).toMatchObject({ ready: "I", completed: 1, error: undefined })
    expect(connection).toMatchObject({ busy: false, reusable: true })
  })

  it("knows the transaction status that the server says, and serves nobody else while it is not idle", async () => {
    const { clock, connection, run } = setUp()
    run("begin")
    await clock.settle()
    expect(connection).toMatchObject({ transactionStatus: "T", reusable: false, busy: false })
    run("savepoint a; select 1")
    await clock.settle()
    expect(connection.transactionStatus).toBe("T")
    run("rollback")
    await clock.settle()
    expect(connection).toMatchObject({ transactionStatus: "I", reusable: true })
  })

  it("can be asked for the next as soon as it says that it is done", async () => {
    const { clock, server, connection } = setUp()
    const texts: string[] = []
    connection.run(new Exchange(simple("select 1")), () => {
      connection.run(new Exchange(simple("select 2")), () => texts.push("second is done"))
    })
    await clock.settle()
    expect(server.texts()).toEqual(["select 1", "select 2"])
    expect(texts).toEqual(["second is done"])
  })

  it("answers a promise to whom that is enough", async () => {
    const { connection } = setUp()
    expect(await connection.perform(simple("select 1"))).toMatchObject({ ready: "I" })
    connection.destroy(new Error("gone"))
    expect(await connection.perform(simple("select 1"))).toMatchObject({
      ready: undefined,
      error: expect.objectContaining({ message: "gone" }),
    })
  })

  it("reads values by the parsers of its client", async () => {
    const { server, connection } = setUp()
    server.when("select", {
      rows: [{ n: "7", t: "x" }],
      columns: [
        { name: "n", dataTypeID: 23 },
        { name: "t", dataTypeID: 25 },
      ],
    })
    expect((await connection.perform(simple("select"))).replies[0]?.rows).toEqual([{ n: 7, t: "x" }])
  })

  it("keeps an ERROR to its exchange, and lives on", async () => {
    const { clock, server, connection, done, lost, run } = setUp()
    const error = pg("42P01")
    server.when("nowhere", { error })
    run("select * from nowhere")
    await clock.settle()
    expect(done[0]).toMatchObject({ error, ready: "I" })
    expect(connection).toMatchObject({ dead: undefined, reusable: true })
    expect(lost).toEqual([])
  })

  it("is a bug while another is running, told to whoever asked and not to the other", async () => {
    const { clock, done, run } = setUp()
    const first = run("select 1")
    const second = run("select 2")
    expect(done).toEqual([second])
    expect(second).toMatchObject({
      sent: false,
      error: expect.objectContaining({ message: expect.stringMatching(/^bug: /) }),
    })
    await clock.settle()
    expect(done).toEqual([second, first])
    expect(first.error).toBeUndefined()
  })
})

describe("a server that is out of step", () => {
  it.each([
    ["is ready though nothing was answered", [{ name: "readyForQuery", status: "I" }]],
    [
      "is ready twice",
      [
        { name: "commandComplete", text: "SELECT 1" },
        { name: "readyForQuery", status: "I" },
        { name: "readyForQuery", status: "I" },
      ],
    ],
    [
      "has a transaction status of its own",
      [
        { name: "commandComplete", text: "SELECT 1" },
        { name: "readyForQuery", status: "?" },
      ],
    ],
  ] as const)("%s: its connection is not used any more", async (_, said) => {
    const { clock, session, connection, lost, run } = setUp()
    session.client.connection.onGroup = () => {}
    run("select 1")
    session.client.say(...(said as readonly BackendMessage[]))
    await clock.settle()
    expect(lost).toEqual([connection])
    expect(connection.dead?.cause).toMatchObject({ message: expect.stringContaining("received invalid response") })
  })

  it("is ready at rest: its connection is not used any more", async () => {
    const { clock, session, connection, lost } = setUp()
    session.client.say({ name: "readyForQuery", status: "I" })
    await clock.settle()
    expect(lost).toEqual([connection])
  })
})

describe("dying", () => {
  it.each([
    ["a socket's error", new Error("read ECONNRESET"), undefined, "read ECONNRESET"],
    ["the socket's end", undefined, undefined, "Connection terminated unexpectedly"],
    ["the server's last words, before the socket's", new Error("read ECONNRESET"), fatal("57P01"), "said with 57P01"],
  ])("while busy ends what was running with %s", async (_, error, lastWords, message) => {
    const { clock, session, connection, done, lost, run } = setUp()
    const exchange = run("select 1")
    session.lose(error, lastWords)
    await clock.settle()
    expect(done).toEqual([exchange])
    expect(exchange).toMatchObject({ ready: undefined, sent: true, error: expect.objectContaining({ message }) })
    expect(connection.dead?.cause).toMatchObject({ message })
    expect(connection).toMatchObject({ busy: false, reusable: false })
    expect(lost).toEqual([connection])
  })

  it("while idle is told to whoever listens, once, and is no unhandled error", async () => {
    const { clock, session, connection, lost } = setUp()
    session.lose(new Error("read ECONNRESET"), fatal("57P01"))
    await clock.settle()
    expect(lost).toEqual([connection])
    expect(connection.dead?.cause).toMatchObject({ code: "57P01" })
  })

  it("leaves no socket open behind FATAL, though the server does not close it", async () => {
    const { clock, session, connection, lost } = setUp()
    session.client.say({ name: "errorMessage", error: fatal("57P05") })
    await clock.settle()
    expect(session.client.open).toBe(false)
    expect(connection.dead?.cause).toMatchObject({ code: "57P05" })
    expect(lost).toHaveLength(1)
  })

  it("comes of a frame that is none, which the parser reports without a severity", async () => {
    const { clock, session, connection, done, run } = setUp()
    run("select 1")
    const nonsense = new Error("received invalid response: 66")
    session.client.say({ name: "errorMessage", error: nonsense })
    await clock.settle()
    expect(done[0]?.error).toBe(nonsense)
    expect(connection.dead?.cause).toBe(nonsense)
  })

  it("does not come of an ERROR in another language", async () => {
    const { clock, server, connection, run } = setUp()
    server.when("select 1", { error: pg("42P01", { severity: "FEHLER" }) })
    const exchange = run("select 1")
    await clock.settle()
    expect(exchange).toMatchObject({ ready: "I", error: expect.objectContaining({ code: "42P01" }) })
    expect(connection).toMatchObject({ dead: undefined, reusable: true })
  })

  it("of old words is not blamed on them: a warning before the last answer is not the cause of a later end", async () => {
    const { clock, server, session, connection, run } = setUp()
    server.when("select 1", { error: pg("42P01", { severity: "FEHLER" }) }, 1)
    run("select 1")
    await clock.settle()
    session.lose()
    expect(connection.dead?.cause).toMatchObject({ message: "Connection terminated unexpectedly" })
  })

  it("is blamed on the postmaster that killed it, where that is all it heard", async () => {
    const { clock, session, connection, done, run } = setUp()
    run("insert into notes values (1)")
    const notice = { severity: "WARNING", code: "57P02", routine: "quickdie", message: "terminating connection" }
    session.client.say({ name: "notice", notice })
    session.lose(new Error("read ECONNRESET"))
    await clock.settle()
    expect(done[0]).toMatchObject({ quickdie: true, error: notice })
    expect(connection.dead?.cause).toBe(notice)
  })

  it("ends what comes next at once, and says why", () => {
    const { session, connection, done, run } = setUp()
    session.lose(new Error("read ECONNRESET"))
    const exchange = run("select 1")
    expect(done).toEqual([exchange])
    expect(exchange).toMatchObject({ sent: false, error: expect.objectContaining({ message: "read ECONNRESET" }) })
    expect(connection.busy).toBe(false)
  })

  it("right behind an answer does not undo the answer", async () => {
    const { clock, server, connection, done, run } = setUp()
    server.when("select 1", { dies: "ready" })
    const exchange = run("select 1")
    await clock.settle()
    expect(done).toEqual([exchange])
    expect(exchange).toMatchObject({ ready: "I", error: undefined })
    expect(connection.dead).toBeDefined()
  })
})

describe("notices", () => {
  it.each([
    [
      { routine: "SyncRepWaitForLSN", code: "01000" },
      { syncRepWait: true, quickdie: false, noTransaction: false },
    ],
    [
      { routine: "quickdie", code: "57P02" },
      { syncRepWait: false, quickdie: true, noTransaction: false },
    ],
    [
      { routine: "EndTransactionBlock", code: "25P01" },
      { syncRepWait: false, quickdie: false, noTransaction: true },
    ],
    [
      { routine: "exec_stmt_raise", code: "00000" },
      { syncRepWait: false, quickdie: false, noTransaction: false },
    ],
  ])("%j is noted of what runs", async (notice, expected) => {
    const { clock, server, run } = setUp()
    server.when("select 1", { notice })
    const exchange = run("select 1")
    await clock.settle()
    expect(exchange).toMatchObject(expected)
  })

  it("in nobody's time are nobody's", async () => {
    const { clock, session, connection, run } = setUp()
    session.client.say({ name: "notice", notice: { code: "25P01" } })
    const exchange = run("select 1")
    await clock.settle()
    expect(exchange.noTransaction).toBe(false)
    expect(connection.dead).toBeUndefined()
  })
})

describe("a deadline", () => {
  it("abandons what is running then, not before and not later", async () => {
    const { clock, server, run, done } = setUp()
    server.when("sleep", { hangs: true })
    const exchange = run("select sleep", clock.now() + 100)
    await clock.advance(99)
    expect(exchange.abandoned).toBeUndefined()
    await clock.advance(1)
    expect(done).toEqual([exchange])
    expect(exchange.abandoned).toBe("deadline")
  })

  it("is its own statement's alone: neither the one before nor a later one is measured by it", async () => {
    const { clock, server, run } = setUp()
    server.when("sleep", { hangs: true })
    run("select 1", clock.now() + 100)
    await clock.advance(50)
    const later = run("select sleep", clock.now() + 100)
    await clock.advance(99)
    expect(later.abandoned).toBeUndefined()
    await clock.advance(1)
    expect(later.abandoned).toBe("deadline")
    run("select 1", clock.now() + 1_000)
    await clock.settle()
    const sooner = run("select sleep", clock.now() + 10)
    await clock.advance(10)
    expect(sooner.abandoned).toBe("deadline")
    const without = run("select sleep")
    await clock.advance(10_000)
    expect(without.abandoned).toBeUndefined()
  })

  it("shares one timer with all that runs here, which keeps no process alive and is gone with the connection", async () => {
    const { clock, connection, run } = setUp()
    for (let index = 0; index < 3; index += 1) {
      run("select 1", clock.now() + 1_000)
      await clock.advance(1)
    }
    expect(clock.timers).toEqual({ foreground: 0, background: 1 })
    connection.destroy(new Error("gone"))
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("leaves no timer when the connection is closed in order", async () => {
    const { clock, connection, run } = setUp()
    run("select 1", clock.now() + 60_000)
    await clock.settle()
    connection.close()
    await clock.advance(2_000)
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })
})

describe("abandoning", () => {
  it("stops the statement on the server and keeps the connection", async () => {
    const { clock, server, connection, done, run } = setUp()
    server.when("sleep", { hangs: true })
    const exchange = run("select sleep")
    await clock.settle()
    connection.abandon("deadline")
    await clock.settle()
    expect(done).toEqual([exchange])
    expect(exchange).toMatchObject({
      abandoned: "deadline",
      ready: "I",
      error: expect.objectContaining({ code: "57014" }),
    })
    expect(connection).toMatchObject({ reusable: true, dead: undefined })
    expect(clock.timers.foreground).toBe(0)
  })

  it("is not over before the cancel request is: until then it could hit the next statement", async () => {
    const { clock, server, session, connection, done, run } = setUp()
    server.cancelling = { how: "late", afterMs: 100 }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("abort")
    session.resume()
    await clock.advance(99)
    expect(done).toEqual([])
    expect(connection).toMatchObject({ busy: true, reusable: false })
    await clock.advance(1)
    expect(done[0]).toMatchObject({ abandoned: "abort", ready: "I", error: undefined })
    run("select 1")
    await clock.advance(CANCEL_MS)
    expect(done[1]).toMatchObject({ error: undefined, abandoned: undefined })
    expect(server.strays).toEqual([])
  })

  it("waits for ReadyForQuery when the cancel request is over first", async () => {
    const { clock, server, session, connection, done, run } = setUp()
    server.cancelling = { how: "ignored" }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("abort")
    await clock.advance(SILENCE_MS - 1)
    expect(done).toEqual([])
    session.resume()
    expect(done[0]).toMatchObject({ ready: "I", error: undefined })
    expect(connection.reusable).toBe(true)
    await clock.advance(10)
    expect(connection.dead).toBeUndefined()
  })

  it.each([
    ["the cancel request did not get through", { how: "unanswered", limitMs: CANCEL_MS }],
    ["it would only arrive too late", { how: "late", afterMs: CANCEL_MS + 1 }],
  ] as const)("destroys the connection after cancelMs when %s", async (_, cancelling) => {
    const { clock, server, session, connection, done, lost, run } = setUp()
    server.cancelling = cancelling
    server.when("sleep", { hangs: true })
    const exchange = run("select sleep")
    await clock.settle()
    connection.abandon("deadline")
    await clock.advance(CANCEL_MS - 1)
    expect(done).toEqual([])
    await clock.advance(1)
    expect(done).toEqual([exchange])
    expect(exchange).toMatchObject({
      abandoned: "deadline",
      ready: undefined,
      error: expect.objectContaining({ code: "ECONNABORTED" }),
    })
    expect(connection.reusable).toBe(false)
    expect(session.client.open).toBe(false)
    expect(lost).toEqual([connection])
  })

  it("destroys the connection sooner when the server had the cancel request and is silent: it leads nowhere", async () => {
    const { clock, server, connection, done, run } = setUp()
    server.cancelling = { how: "ignored" }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("deadline")
    await clock.advance(SILENCE_MS - 1)
    expect(done).toEqual([])
    await clock.advance(1)
    expect(done).toHaveLength(1)
    expect(connection.dead).toBeDefined()
    expect(clock.timers.foreground).toBe(0)
  })

  it.each([
    ["long before", 1],
    ["while this program was busy elsewhere", SILENCE_MS - 1],
  ])("gives it cancelMs when the statement takes no notice and something has come, %s", async (_, afterMs) => {
    const { clock, server, session, connection, done, run } = setUp()
    server.cancelling = { how: "ignored" }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("deadline")
    await clock.advance(afterMs)
    session.client.connection.socket.bytesRead += 1
    await clock.advance(CANCEL_MS - 1 - afterMs)
    expect(done).toEqual([])
    await clock.advance(1)
    expect(done).toHaveLength(1)
    expect(connection.dead).toBeDefined()
  })

  it("keeps the answer that came in time when only the cancel request was lost, and not the connection", async () => {
    const { clock, server, session, connection, done, run } = setUp()
    server.cancelling = { how: "unanswered", limitMs: CANCEL_MS }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("deadline")
    session.resume()
    await clock.advance(CANCEL_MS)
    expect(done[0]).toMatchObject({ ready: "I", error: undefined })
    expect(connection.dead).toBeDefined()
  })

  it("does not cancel what must not be cancelled, but gives it cancelMs to answer", async () => {
    const { clock, server, session, connection, done, run } = setUp()
    server.when("commit", { hangs: true })
    run("commit")
    await clock.settle()
    connection.abandon("deadline")
    await clock.advance(CANCEL_MS - 1)
    expect(server.cancelRequests).toBe(0)
    session.resume()
    await clock.settle()
    expect(done[0]).toMatchObject({ ready: "I", abandoned: "deadline", error: undefined })
    expect(connection.reusable).toBe(true)

    run("commit")
    await clock.settle()
    connection.abandon("deadline")
    await clock.advance(CANCEL_MS)
    expect(done[1]).toMatchObject({ ready: undefined })
    expect(connection.dead).toBeDefined()
    expect(server.cancelRequests).toBe(0)
  })

  it("asks once, however often it is told", async () => {
    const { clock, server, connection, done, run } = setUp()
    server.cancelling = { how: "late", afterMs: 10 }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("deadline")
    connection.abandon("close")
    await clock.advance(10)
    expect(server.cancelRequests).toBe(1)
    expect(done[0]?.abandoned).toBe("deadline")
  })

  it("asks again when its request has overtaken the statement, and no more once that has stopped", async () => {
    const { clock, server, connection, done, run } = setUp()
    server.cancelling = { how: "ignored" }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("abort")
    await clock.advance(9)
    server.cancelling = { how: "stops" }
    await clock.advance(1)
    expect(done[0]).toMatchObject({ ready: "I", error: expect.objectContaining({ code: "57014" }) })
    expect(connection.reusable).toBe(true)
    run("select 1")
    await clock.advance(CANCEL_MS)
    expect(server.cancelRequests).toBe(2)
    expect(server.strays).toEqual([])
  })

  it("asks ever more rarely while nobody listens", async () => {
    const { clock, server, connection, run } = setUp()
    server.cancelling = { how: "ignored" }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("abort")
    await clock.advance(CANCEL_MS)
    expect(server.cancelRequests).toBeLessThanOrEqual(8)
    expect(connection.dead).toBeDefined()
    expect(clock.timers.foreground).toBe(0)
  })

  it("is not over before a repeated request is, though the answer came meanwhile", async () => {
    const { clock, server, session, connection, done, run } = setUp()
    server.cancelling = { how: "ignored" }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("abort")
    server.cancelling = { how: "late", afterMs: 50 }
    await clock.advance(20)
    session.resume()
    await clock.advance(20)
    expect(done).toEqual([])
    await clock.advance(20)
    expect(done[0]).toMatchObject({ ready: "I", error: undefined })
    expect(server.strays).toEqual([])
  })

  it("does nothing when nothing runs", async () => {
    const { clock, server, connection } = setUp()
    connection.abandon("abort")
    connection.kill()
    await clock.advance(CANCEL_MS)
    expect(server.cancelRequests).toBe(0)
    expect(connection.reusable).toBe(true)
    connection.destroy(new Error("gone"))
    connection.abandon("abort")
    expect(server.cancelRequests).toBe(0)
  })

  it("ends with the connection, and leaves no timer behind that would keep the process alive", async () => {
    const { clock, server, session, connection, done, run } = setUp()
    server.cancelling = { how: "ignored" }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.abandon("abort")
    await clock.settle()
    session.lose(undefined, fatal("57P01"))
    await clock.settle()
    expect(done).toHaveLength(1)
    expect(done[0]).toMatchObject({ ready: undefined, error: expect.objectContaining({ code: "57P01" }) })
    expect(clock.timers.foreground).toBe(0)
  })

  it("of one statement leaves nothing behind for the next", async () => {
    const { clock, server, connection, done, run } = setUp()
    server.when("sleep", { hangs: true })
    for (let round = 0; round < 3; round += 1) {
      run("select sleep")
      await clock.settle()
      connection.abandon("deadline")
      await clock.settle()
      run("select 1")
      await clock.advance(CANCEL_MS)
    }
    expect(done.map((exchange) => exchange.abandoned)).toEqual(
      Array.from({ length: 3 }, () => ["deadline", undefined]).flat(),
    )
    expect(connection.reusable).toBe(true)
  })
})

describe("ending", () => {
  it("in order says goodbye, and is no loss", async () => {
    const { clock, session, connection, lost } = setUp()
    connection.close()
    expect(session.client.connection.terminated).toBe(true)
    await clock.settle()
    expect(connection).toMatchObject({ reusable: false, busy: false })
    expect(lost).toEqual([])
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("in order does not wait for ever for the socket, and keeps no process alive meanwhile", async () => {
    const { clock, session, connection } = setUp()
    session.client.connection.end = () => {}
    connection.close()
    expect(clock.timers).toEqual({ foreground: 0, background: 1 })
    await clock.advance(999)
    expect(session.client.open).toBe(true)
    await clock.advance(1)
    expect(session.client.open).toBe(false)
  })

  it("while something runs ends that too", async () => {
    const { clock, server, session, connection, done, lost, run } = setUp()
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.close()
    await clock.settle()
    expect(done[0]).toMatchObject({ ready: undefined, error: expect.objectContaining({ code: "ECONNABORTED" }) })
    expect(session.client.open).toBe(false)
    expect(lost).toEqual([])
  })

  it("twice, or after it has died, is nothing", async () => {
    const { clock, session, connection } = setUp()
    session.lose()
    connection.close()
    connection.close()
    connection.destroy(new Error("again"))
    await clock.settle()
    expect(connection.dead?.cause).toMatchObject({ message: "Connection terminated unexpectedly" })
  })

  it("by force tells the server to stop, and does not wait for it", async () => {
    const { clock, server, session, connection, done, run } = setUp()
    server.cancelling = { how: "unanswered", limitMs: CANCEL_MS }
    server.when("sleep", { hangs: true })
    run("select sleep")
    await clock.settle()
    connection.kill()
    expect(done[0]).toMatchObject({ abandoned: "abort", ready: undefined })
    expect(server.cancelRequests).toBe(1)
    expect(session.client.open).toBe(false)
  })
})

it("keeps the process alive only while it is wanted", () => {
  const { session, connection } = setUp()
  connection.rest()
  expect(session.client.connection.socket.referenced).toBe(false)
  connection.wake()
  expect(session.client.connection.socket.referenced).toBe(true)
})

it("says which backend it speaks to", () => {
  const { connection } = setUp()
  expect(connection.processId).toBe(1)
})

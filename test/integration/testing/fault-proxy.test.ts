import {
  afterRows,
  afterServerHasCommit,
  afterStatementIsSent,
  beforeCommitReachesServer,
  beforeStatement,
  betweenCommitCompleteAndReady,
  call,
  cut,
  delay,
  drop,
  inject,
  insideAnswer,
  insideStatement,
  onCancelRequest,
  onConnect,
  onStartup,
  stall,
  startFaultProxy,
  throttle,
  truncate,
  type Action,
  type FaultProxy,
  type Matcher,
  type RuleHandle,
} from "@kysely-resilient/testing"
import { once } from "node:events"
import { connect, Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { Client } from "pg"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table account (id int primary key, balance int not null)")
  },
})

/** What `pg` says of a connection that is gone. */
const LOST = /ECONNRESET|terminated unexpectedly/

let proxy: FaultProxy
const clients: Client[] = []

beforeEach(async () => {
  proxy = await startFaultProxy({ target: database.url })
  await database.ask("truncate account")
})

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})))
  await proxy.close()
})

async function open(applicationName = "test"): Promise<Client> {
  const client = new Client({ connectionString: proxy.url(database.url), application_name: applicationName })
  client.on("error", () => {})
  await client.connect()
  clients.push(client)
  return client
}

/** Not `once` of node:events: that rejects for the "error" that comes before. */
function endOf(client: Client): Promise<void> {
  return new Promise((resolve) => client.once("end", resolve))
}

async function balances(): Promise<unknown[]> {
  return (await database.ask("select balance from account order by id")).map(({ balance }) => balance)
}

/** Begins, inserts and commits; where a fault strikes, its error. */
async function transfer(client: Client, parameters?: unknown[]): Promise<void> {
  await client.query("begin")
  await client.query("insert into account values (1, 100)")
  await client.query({ text: "commit", values: parameters ?? [] })
}

describe("a proxy without rules", () => {
  it("passes queries, parameters, errors and notices on", async () => {
    const client = await open()
    const notices: unknown[] = []
    client.on("notice", (notice) => notices.push(notice.message))
    expect((await client.query("select $1::int + 1 as n", [41])).rows).toEqual([{ n: 42 }])
    await expect(client.query("select 1/0")).rejects.toMatchObject({ code: "22012" })
    await client.query("do $$ begin raise notice 'hello'; end $$")
    expect(notices).toEqual(["hello"])
  })

  it("passes messages of several megabytes both ways, unchanged", async () => {
    const client = await open()
    const big = "0123456789abcdef".repeat(400_000)
    const { rows } = await client.query("select $1::text as back, md5($1) as sum, md5($2) as same", [big, big])
    expect(rows[0].back === big && rows[0].sum === rows[0].same).toBe(true)
  })

  it("keeps the order of a hundred thousand rows", async () => {
    const client = await open()
    const { rows } = await client.query("select g from generate_series(1, 100000) g")
    expect(rows.every(({ g }, index) => g === index + 1)).toBe(true)
  })

  it("closes the other side when one side closes, and forgets the connection", async () => {
    const client = await open()
    expect(proxy.connections).toMatchObject([{ nth: 1, user: "postgres", database: database.name, encrypted: false }])
    const pid = proxy.connections[0]?.backendPid
    expect((await client.query("select pg_backend_pid() as pid")).rows).toEqual([{ pid }])
    await client.end()
    await expect.poll(() => proxy.connections).toEqual([])
    await expect.poll(() => database.ask("select from pg_stat_activity where pid = $1", [pid])).toEqual([])
    expect(proxy.accepted).toBe(1)
  })

  it("lets a client that dies take its server's session with it", async () => {
    const client = await open()
    await client.query("begin")
    const pid = proxy.connections[0]?.backendPid
    const { stream } = client.connection
    if (stream instanceof Socket) stream.resetAndDestroy()
    await expect.poll(() => database.ask("select from pg_stat_activity where pid = $1", [pid])).toEqual([])
    await expect.poll(() => proxy.connections).toEqual([])
  })

  it("tells the client when the server ends the session", async () => {
    const client = await open()
    const ended = endOf(client)
    await database.ask("select pg_terminate_backend($1)", [proxy.connections[0]?.backendPid])
    await ended
    await expect.poll(() => proxy.connections).toEqual([])
  })
})

describe("named instants of a commit", () => {
  const rounds: [string, Matcher, unknown[]][] = [
    ["before COMMIT reaches the server, it is not committed", beforeCommitReachesServer, []],
    ["after the server has COMMIT, it is committed", afterServerHasCommit, [100]],
    ["between the COMMIT's completion and ReadyForQuery, it is committed", betweenCommitCompleteAndReady, [100]],
  ]

  for (const [title, when, expected] of rounds) {
    it.each([
      ["simple", undefined],
      ["extended", []],
    ])(`${title} (%s protocol)`, async (_, parameters) => {
      const client = await open()
      const { hit } = proxy.rule({ when, do: cut() })
      await expect(transfer(client, parameters)).rejects.toThrow(LOST)
      expect(await hit).toMatchObject({ connection: 1, sql: ["commit"] })
      await expect
        .poll(() =>
          database.ask(
            "select from pg_stat_activity where datname = $1 and pid <> pg_backend_pid() and query like '%commit%' and state = 'active'",
            [database.name],
          ),
        )
        .toEqual([])
      await expect.poll(balances).toEqual(expected)
    })
  }

  it("finds the COMMIT of a text with several statements", async () => {
    const client = await open()
    const rule = proxy.rule({ when: beforeCommitReachesServer, do: cut() })
    await expect(client.query("begin; insert into account values (1, 1); commit;")).rejects.toThrow(LOST)
    expect(rule.hits).toBe(1)
    expect(await balances()).toEqual([])
  })

  it("does not take COMMIT PREPARED, or a word in a text, for a COMMIT", async () => {
    const client = await open()
    const rule = proxy.rule({ when: beforeCommitReachesServer, do: cut() })
    await client.query("select 'commit'")
    await client.query("commit prepared 'nothing'").catch(() => {})
    await client.query("select 1 as end")
    expect(rule.hits).toBe(0)
  })
})

/** Several statements in one flight, as `pg` never sends them, over its own wire. */
async function flight(client: Client, texts: string[]): Promise<string[]> {
  const wire = client.connection
  const seen: string[] = []
  return new Promise((resolve, reject) => {
    wire.stream.cork()
    for (const text of texts) {
      wire.parse({ name: "", text, types: [] }, true)
      wire.bind({ portal: "", statement: "", values: [], binary: "", valueMapper: (value: unknown) => value }, true)
      wire.describe({ type: "P", name: "" }, true)
      wire.execute({ portal: "", rows: "" }, true)
    }
    wire.sync()
    wire.stream.uncork()
    wire.on("commandComplete", (message: { text: string }) => seen.push(message.text))
    let failure: unknown
    wire.once("errorMessage", (error: unknown) => (failure = error))
    wire.once("readyForQuery", () => (failure === undefined ? resolve(seen) : reject(failure)))
    wire.once("end", () => resolve([...seen, "end"]))
  })
}

/** pg's own query machinery must not see the answers. */
function detached(client: Client): Client {
  for (const event of ["commandComplete", "readyForQuery", "errorMessage", "parseComplete", "rowDescription"]) {
    client.connection.removeAllListeners(event)
  }
  return client
}

describe("statements sent in one flight", () => {
  const texts = ["begin", "insert into account values (7, 7)", "commit"]

  it("are told apart: the COMMIT's answer is kept back, those before it are not", async () => {
    const client = detached(await open())
    proxy.rule({ when: afterServerHasCommit, do: cut() })
    expect(await flight(client, texts)).toEqual(["BEGIN", "INSERT 0 1", "end"])
    expect(await balances()).toEqual([7])
  })

  it("are told apart: the COMMIT is kept back, what was before it reaches the server", async () => {
    const client = detached(await open())
    const rule = proxy.rule({ when: beforeCommitReachesServer, do: stall("toServer") })
    const answer = flight(client, texts)
    expect((await rule.hit).sql).toEqual(["commit"])
    await expect
      .poll(() => database.ask("select state from pg_stat_activity where pid = $1", [proxy.connections[0]?.backendPid]))
      .toMatchObject([{ state: expect.stringMatching(/idle in transaction|active/) }])
    expect(await balances()).toEqual([])
    rule.release()
    expect(await answer).toEqual(["BEGIN", "INSERT 0 1", "COMMIT"])
    expect(await balances()).toEqual([7])
  })

  it("are told apart after one of them fails: the skipped ones have no answer", async () => {
    const client = detached(await open())
    const ready = proxy.rule({ when: { from: "server", message: "ReadyForQuery", sql: /insert/ }, do: delay(0) })
    const failing = flight(client, ["begin", "select 1/0", "insert into account values (8, 8)", "commit"])
    await expect(failing).rejects.toMatchObject({ code: "22012" })
    expect((await ready.hit).sql).toEqual(["begin", "select 1/0", "insert into account values (8, 8)", "commit"])

    const later = proxy.rule({ when: { from: "server", message: "CommandComplete", sql: /rollback/ }, do: delay(0) })
    expect(await flight(client, ["rollback"])).toContain("ROLLBACK")
    expect(later.hits).toBe(1)
  })
})

/** Counts without doing harm. */
function counted(when: Matcher): RuleHandle {
  return proxy.rule({ when, do: delay(0), times: 100 })
}

describe("matchers", () => {
  it("follow a named statement from its Parse to later executions", async () => {
    const client = await open()
    const query = { name: "one", text: "select $1::int as n" }
    const rule = proxy.rule({ when: { from: "client", message: "Execute", sql: /select \$1/ }, do: delay(0), times: 5 })
    const parsed = proxy.rule({ when: { from: "client", message: "Parse" }, do: delay(0), times: 5 })
    await client.query(query, [1])
    await client.query(query, [2])
    expect([rule.hits, parsed.hits]).toEqual([2, 1])
  })

  it("see rows, tags, statuses and codes", async () => {
    const client = await open()
    const third = counted({ from: "server", message: "DataRow", row: 3 })
    const inserts = counted({ from: "server", message: "CommandComplete", tag: /^INSERT 0 2$/ })
    const failed = counted({ from: "server", message: "ReadyForQuery", status: "E" })
    const division = counted({ from: "server", message: "ErrorResponse", code: "22012" })
    await client.query("select g from generate_series(1, 5) g")
    await client.query("begin")
    await client.query("insert into account values (1, 1), (2, 2)")
    await client.query("select 1/0").catch(() => {})
    await client.query("rollback")
    expect([third.hits, inserts.hits, failed.hits, division.hits]).toEqual([1, 1, 1, 1])
  })

  it("count: skipping some, firing several times, on one connection only", async () => {
    const when: Matcher = { from: "client", message: "Query", sql: /select 5/ }
    const rule = proxy.rule({ when, do: delay(0), skip: 1, times: 2, connection: 2 })
    const [first, second] = [await open(), await open()]
    for (const client of [first, second]) for (let n = 1; n <= 5; n++) await client.query(`select 5 as n${n}`)
    expect(rule.hits).toBe(2)
    expect(await rule.hit).toMatchObject({ connection: 2, sql: ["select 5 as n2"] })
  })

  it("look at one application's connections only", async () => {
    const when: Matcher = { from: "client", message: "Query", sql: /select 6/ }
    const [exact, pattern] = [
      proxy.rule({ when, do: delay(0), times: 9, applicationName: "reader" }),
      proxy.rule({ when, do: delay(0), times: 9, applicationName: /^read|^write/ }),
    ]
    // Nobody has said a name yet.
    const nameless = proxy.rule({ when: onConnect, do: delay(0), times: 9, applicationName: "reader" })
    for (const name of ["reader", "writer", "other"]) await (await open(name)).query("select 6")
    expect([exact.hits, pattern.hits, nameless.hits]).toEqual([1, 2, 0])
  })

  it("fire until they are lifted, which ends what they stall", async () => {
    const client = await open()
    const rule = proxy.rule({ when: beforeStatement(/select 7/), do: stall(), times: Infinity })
    const answer = client.query("select 7 as n")
    await rule.hit
    rule.lift()
    expect((await answer).rows).toEqual([{ n: 7 }])
    {
      using lifted = proxy.rule({ when: beforeStatement(/select 7/), do: cut(), times: Infinity })
      expect(lifted.hits).toBe(0)
    }
    expect((await client.query("select 7 as n")).rows).toEqual([{ n: 7 }])
  })

  it("stop matching when the rule is removed, or all are cleared", async () => {
    const client = await open()
    const when: Matcher = { from: "client", message: "Query" }
    const [removed, cleared] = [proxy.rule({ when, do: cut() }), proxy.rule({ when, do: cut() })]
    removed.remove()
    proxy.clearRules()
    await client.query("select 1")
    expect([removed.hits, cleared.hits]).toEqual([0, 0])
  })
})

describe("actions", () => {
  it("cut in the middle of a result, after the rows that were asked for", async () => {
    const client = await open()
    proxy.rule({ when: afterRows(3), do: cut() })
    const rows: unknown[] = []
    client.connection.on("dataRow", (message: { fields: string[] }) => rows.push(message.fields[0]))
    await expect(client.query("select g from generate_series(1, 5) g")).rejects.toThrow(LOST)
    expect(rows).toEqual(["1", "2", "3"])
  })

  it.each(["fin", "rst"] as const)("cut orderly or by reset: %s", async (how) => {
    const client = await open()
    proxy.rule({ when: beforeStatement(/select 1/), do: cut({ how }) })
    const expected = how === "fin" ? "Connection terminated unexpectedly" : "ECONNRESET"
    await expect(client.query("select 1")).rejects.toThrow(expected)
    await expect.poll(() => proxy.connections).toEqual([])
  })

  it("cut the client's side only: the server keeps the session, its transaction and its locks", async () => {
    const client = await open()
    await client.query("begin; insert into account values (1, 1)")
    const pid = proxy.connections[0]?.backendPid
    proxy.rule({ when: beforeStatement(/select 2/), do: cut({ side: "client" }) })
    await expect(client.query("select 2")).rejects.toThrow(LOST)
    expect(await database.ask("select state from pg_stat_activity where pid = $1", [pid])).toEqual([
      { state: "idle in transaction" },
    ])
    // The half that is left ends when its side ends it.
    await database.ask("select pg_terminate_backend($1)", [pid])
    await expect.poll(() => proxy.connections).toEqual([])
  })

  it("cut the server's side only: the client hears nothing, not even the end", async () => {
    const client = await open()
    const pid = proxy.connections[0]?.backendPid
    proxy.rule({ when: afterStatementIsSent(/insert/), do: cut({ side: "server", how: "fin" }) })
    const outcome = client.query("insert into account values (3, 3)").then(
      () => "answered",
      () => "failed",
    )
    await expect.poll(() => database.ask("select from pg_stat_activity where pid = $1", [pid])).toEqual([])
    expect(await Promise.race([outcome, sleep(50, "silence")])).toBe("silence")
    expect(await balances()).toEqual([3])
    client.connection.stream.end()
    expect(await outcome).toBe("failed")
    await expect.poll(() => proxy.connections).toEqual([])
  })

  it("stall until released, in one direction or both, and lose nothing", async () => {
    const client = await open()
    for (const direction of ["toServer", "toClient", "both"] as const) {
      const rule = proxy.rule({ when: beforeStatement(/select 3/), do: stall(direction) })
      const answer = client.query("select 3 as n")
      await rule.hit
      expect(await Promise.race([answer, sleep(50, "silence")])).toBe("silence")
      rule.release()
      expect((await answer).rows).toEqual([{ n: 3 }])
    }
  })

  it("delay a message by the time asked for", async () => {
    const client = await open()
    proxy.rule({ when: { from: "server", message: "CommandComplete", sql: /select 4/ }, do: delay(120) })
    const from = performance.now()
    await client.query("select 4")
    expect(performance.now() - from).toBeGreaterThanOrEqual(115)
  })

  it("truncate a message after some of its bytes", async () => {
    const client = await open()
    const bytes: number[] = []
    client.connection.stream.on("data", (chunk: Buffer) => bytes.push(chunk.length))
    proxy.rule({ when: { from: "server", message: "RowDescription" }, do: truncate(9) })
    await expect(client.query("select 1 as one")).rejects.toThrow(LOST)
    expect(bytes.reduce((sum, n) => sum + n, 0)).toBe(9)
  })

  it("drop a message: the server never sees it", async () => {
    const client = await open()
    const rule = proxy.rule({ when: { from: "client", message: "Query", sql: /insert/ }, do: drop() })
    const silence = client.query("insert into account values (9, 9)").catch(() => "cut")
    await rule.hit
    proxy.cutAll()
    expect(await silence).toBe("cut")
    expect(await balances()).toEqual([])
  })

  it("inject an error that the server never sent, and a notice", async () => {
    const client = await open()
    const notices: unknown[] = []
    client.on("notice", ({ code, message }) => notices.push([code, message]))
    proxy.rule({
      when: { from: "client", message: "Query", sql: /select 6/ },
      do: [
        inject(
          { kind: "NoticeResponse", code: "01000", message: "careful" },
          { kind: "ErrorResponse", code: "40001", message: "could not serialize", routine: "Check", detail: "why" },
          { kind: "ReadyForQuery", status: "I" },
        ),
        drop(),
      ],
    })
    await expect(client.query("select 6")).rejects.toMatchObject({
      code: "40001",
      message: "could not serialize",
      severity: "ERROR",
      routine: "Check",
      detail: "why",
    })
    expect(notices).toEqual([["01000", "careful"]])
    // What the server never got is not what it answers next.
    const next = counted({ from: "server", message: "CommandComplete", sql: /select 7/ })
    expect((await client.query("select 7 as n")).rows).toEqual([{ n: 7 }])
    expect(next.hits).toBe(1)
  })

  it("drop a message from between others of the same packet", async () => {
    const client = await open()
    const notices: unknown[] = []
    client.on("notice", ({ message }) => notices.push(message))
    const rule = proxy.rule({ when: { from: "server", message: "NoticeResponse" }, do: drop() })
    const text = ["one", "two"].map((word) => `do $$ begin raise notice '${word}'; end $$; select '${word}' as word;`)
    const results: unknown = await client.query(`select 0; ${text.join("")}`)
    expect(results).toHaveLength(5)
    expect([rule.hits, notices]).toEqual([1, ["two"]])
  })

  it("inject behind a message that is passing just then, and not into it", async () => {
    const client = await open()
    const notices: unknown[] = []
    client.on("notice", ({ message }) => notices.push(message))
    const { stream } = client.connection
    const flushed = proxy.rule({
      when: { from: "client", message: "Flush" },
      do: inject({ kind: "NoticeResponse", code: "01000", message: "from the side" }),
    })
    // One row of 40 MB, of which the client takes only a little before it sends something.
    const answer = client.query("select repeat('x', 40000000) as x")
    await once(stream, "data")
    stream.pause()
    await sleep(200)
    client.connection.flush()
    await flushed.hit
    stream.resume()
    expect((await answer).rows[0]?.x).toHaveLength(40_000_000)
    expect(notices).toEqual(["from the side"])
  })

  it("inject in the place of an answer, in the right order, and cut after it", async () => {
    const client = await open()
    proxy.rule({
      when: { from: "server", message: "CommandComplete", sql: /insert/ },
      do: [
        inject({ kind: "ErrorResponse", severity: "FATAL", code: "57P01", message: "going down" }),
        cut({ how: "fin" }),
      ],
    })
    await expect(client.query("insert into account values ($1, $1)", [4])).rejects.toMatchObject({ code: "57P01" })
    expect(await balances()).toEqual([4])
  })

  it("happen in the order given: those behind a stall wait for its end", async () => {
    const client = await open()
    const rule = proxy.rule({ when: beforeStatement(/select 8/), do: [stall(), cut()] })
    const outcome = client.query("select 8").then(
      () => "answered",
      () => "cut",
    )
    await rule.hit
    expect(await Promise.race([outcome, sleep(50, "silence")])).toBe("silence")
    rule.release()
    expect(await outcome).toBe("cut")
  })

  it("stall in the middle of a message, and lose none of it", async () => {
    const client = await open()
    const bytes: number[] = []
    client.connection.stream.on("data", (chunk: Buffer) => bytes.push(chunk.length))
    const inwards = proxy.rule({ when: insideStatement(/select 'inside'/), do: stall("toServer") })
    const outwards = proxy.rule({ when: insideAnswer(/select 'inside'/), do: stall("toClient") })
    const answer = client.query("select 'inside' as word")
    await inwards.hit
    expect(await Promise.race([answer, sleep(50, "silence")])).toBe("silence")
    expect(bytes).toEqual([])
    inwards.release()
    await outwards.hit
    expect(await Promise.race([answer, sleep(50, "silence")])).toBe("silence")
    // RowDescription and DataRow, and half of CommandComplete's 14.
    expect(bytes.reduce((sum, n) => sum + n, 0)).toBe(30 + 17 + 7)
    outwards.release()
    expect((await answer).rows).toEqual([{ word: "inside" }])
  })

  it("cut in the middle of a message: the server never knows the statement", async () => {
    const client = await open()
    proxy.rule({ when: insideStatement(/insert/), do: cut({ how: "fin" }) })
    await expect(client.query("insert into account values (1, 1)")).rejects.toThrow(LOST)
    expect(await balances()).toEqual([])
  })

  it("inject behind the message in whose middle they fire", async () => {
    const client = await open()
    const notices: unknown[] = []
    client.on("notice", ({ message }) => notices.push(message))
    proxy.rule({
      when: insideAnswer(/select 2/),
      do: inject({ kind: "NoticeResponse", code: "01000", message: "whole" }),
    })
    expect((await client.query("select 2 as n")).rows).toEqual([{ n: 2 }])
    expect(notices).toEqual(["whole"])
  })

  it("throttle to so many bytes per second, until released", async () => {
    const client = await open()
    const rule = proxy.rule({ when: beforeStatement(/repeat/), do: throttle(100_000, "toClient") })
    const from = performance.now()
    expect((await client.query("select repeat('x', 40000) as x")).rows[0]?.x).toHaveLength(40_000)
    expect(performance.now() - from).toBeGreaterThan(350)
    rule.release()
    const released = performance.now()
    await client.query("select repeat('x', 40000) as x")
    expect(performance.now() - released).toBeLessThan(300)
  })

  it("call whoever wants to do something then, and wait for it", async () => {
    const client = await open("caller")
    const rule = proxy.rule({
      when: afterServerHasCommit,
      do: call(async ({ backendPid, applicationName }) => {
        expect([backendPid, applicationName]).toEqual([proxy.connections[0]?.backendPid, "caller"])
        expect(await balances()).toEqual([100])
      }),
    })
    await transfer(client)
    expect(await rule.done).toMatchObject({ connection: 1, applicationName: "caller" })
  })

  it("call, and tell of what it threw to whoever asks", async () => {
    const client = await open()
    const rule = proxy.rule({
      when: beforeStatement(/select 1/),
      do: call(() => {
        throw new Error("no such fault")
      }),
    })
    await client.query("select 1")
    await expect(rule.done).rejects.toThrow("no such fault")
  })

  it("inject bytes that are no message", async () => {
    const client = await open()
    proxy.rule({ when: beforeStatement(/select 1/), do: inject({ kind: "bytes", bytes: Buffer.from("what?") }) })
    const lost = endOf(client)
    const outcome = client.query("select 1").then(
      () => "answered",
      () => "failed",
    )
    proxy.rule({ when: { from: "server", message: "ReadyForQuery", at: "after" }, do: cut() })
    await lost
    expect(await outcome).toBe("failed")
  })

  it.each<[Action, Matcher]>([
    [drop(), { from: "server", message: "DataRow", at: "after" }],
    [truncate(1), afterRows(1)],
    [drop(), onConnect],
    [inject({ kind: "ReadyForQuery", status: "I" }), onConnect],
  ])("are refused where they make no sense: $action", (action, when) => {
    expect(() => proxy.rule({ when, do: action })).toThrow(/cannot/)
  })
})

describe("connecting", () => {
  it("can be reset as soon as it is accepted, some times or until further notice", async () => {
    proxy.refuse(2)
    await expect(open()).rejects.toThrow(/ECONNRESET/)
    await expect(open()).rejects.toThrow(/ECONNRESET/)
    await open()
    proxy.refuse(true)
    for (let n = 0; n < 3; n++) await expect(open()).rejects.toThrow(/ECONNRESET/)
    proxy.refuse(false)
    await open()
    expect(proxy.accepted).toBe(7)
  })

  it("can be ended in order, or refused in a server's words, before the server knows", async () => {
    proxy.refuse(1, "fin")
    await expect(open()).rejects.toThrow(/terminated unexpectedly/)
    proxy.refuse(1, { code: "57P03", message: "the database system is starting up", routine: "ProcessStartupPacket" })
    await expect(open()).rejects.toMatchObject({ code: "57P03", severity: "FATAL" })
    await open()
  })

  it("can be slow for all, until they are resumed", async () => {
    const client = await open()
    proxy.throttleAll(20_000)
    const from = performance.now()
    await client.query("select repeat('x', 10000)")
    expect(performance.now() - from).toBeGreaterThan(400)
    proxy.resumeAll()
    const resumed = performance.now()
    await (await open()).query("select repeat('x', 10000)")
    expect(performance.now() - resumed).toBeLessThan(350)
    expect(() => throttle(0)).toThrow(/stall/)
  })

  it("can be refused by the system, while present connections go on", async () => {
    const client = await open()
    await proxy.stopListening()
    await expect(open()).rejects.toMatchObject({ code: "ECONNREFUSED" })
    expect((await client.query("select 1 as n")).rows).toEqual([{ n: 1 }])
    await proxy.listen()
    await open()
  })

  it("can hang before the server knows of it, and in the middle of the start", async () => {
    for (const when of [onConnect, onStartup]) {
      const rule = proxy.rule({ when, do: stall() })
      const opening = open()
      await rule.hit
      expect(await Promise.race([opening, sleep(30, "silence")])).toBe("silence")
      rule.release()
      await opening
    }
  })

  it("can fail while starting with an error from us", async () => {
    proxy.rule({
      when: { from: "server", message: "Authentication" },
      do: [
        inject({ kind: "ErrorResponse", severity: "FATAL", code: "53300", message: "too many" }),
        cut({ how: "fin" }),
      ],
    })
    await expect(open()).rejects.toMatchObject({ code: "53300", severity: "FATAL" })
  })

  it("fails with a reset if there is no server", async () => {
    await using nowhere = await startFaultProxy({ target: { host: "127.0.0.1", port: 1 } })
    const client = new Client({ connectionString: nowhere.url(database.url) })
    client.on("error", () => {})
    await expect(client.connect()).rejects.toThrow(/ECONNRESET|terminated/)
    await expect.poll(() => nowhere.connections).toEqual([])
  })

  it("survives whoever talks something else", async () => {
    const stranger = connect(proxy.port, proxy.host)
      .resume()
      .on("error", () => {})
    stranger.write("GET / HTTP/1.1\r\n\r\n")
    await once(stranger, "close")
    await expect.poll(() => proxy.connections).toEqual([])
    await open()
  })
})

/** A connection of its own that carries nothing but the request. */
async function cancel(client: Client): Promise<void> {
  const request = Buffer.alloc(16)
  const key = ["processID", "secretKey"].map((name) => Number(Reflect.get(client, name)))
  for (const [index, word] of [16, 80_877_102, ...key].entries()) request.writeInt32BE(word, 4 * index)
  const socket = connect(proxy.port, proxy.host)
    .resume()
    .on("error", () => {})
  socket.write(request)
  await new Promise((resolve) => socket.once("close", resolve))
}

describe("cancel requests", () => {
  it("reach the server through the proxy", async () => {
    const client = await open()
    const rule = proxy.rule({ when: { ...onCancelRequest, at: "after" }, do: delay(0) })
    const sleeping = client.query("select pg_sleep(30)")
    await expect
      .poll(() =>
        database.ask(
          "select from pg_stat_activity where datname = current_database() and query like '%pg_sleep(30)%' and state = 'active' and pid <> pg_backend_pid()",
        ),
      )
      .toHaveLength(1)
    await Promise.all([expect(sleeping).rejects.toMatchObject({ code: "57014" }), cancel(client)])
    expect(rule.hits).toBe(1)
  })

  it("can be lost", async () => {
    const client = await open()
    const rule = proxy.rule({ when: onCancelRequest, do: cut() })
    const sleeping = client.query("select pg_sleep(0.4) is not null as slept")
    await sleep(100)
    await Promise.all([cancel(client), rule.hit])
    expect((await sleeping).rows).toEqual([{ slept: true }])
  })
})

/** Chance that repeats itself (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

describe("the whole proxy", () => {
  it("cuts all connections at once and says how many", async () => {
    const all = [await open(), await open(), await open()]
    const ended = Promise.all(all.map(endOf))
    expect(proxy.cutAll()).toBe(3)
    await ended
    await expect.poll(() => proxy.connections).toEqual([])
  })

  it("stalls present and new connections, and resumes them all", async () => {
    const client = await open()
    proxy.stallAll()
    const [answer, opening] = [client.query("select 1 as n"), open()]
    expect(await Promise.race([answer, opening, sleep(80, "silence")])).toBe("silence")
    proxy.resumeAll()
    expect((await answer).rows).toEqual([{ n: 1 }])
    expect((await (await opening).query("select 2 as n")).rows).toEqual([{ n: 2 }])
  })

  it("leaves nothing open after a storm of faults, and stored what it told clients", async () => {
    const SEED = 20_261
    const random = seeded(SEED)
    const pick = (count: number): number => Math.floor(random() * count)
    const storm: [Matcher, Action][] = [
      [beforeStatement(/insert/), cut()],
      [afterStatementIsSent(/insert/), cut({ how: "fin" })],
      [beforeCommitReachesServer, cut()],
      [afterServerHasCommit, cut()],
      [betweenCommitCompleteAndReady, cut({ how: "fin" })],
      [onStartup, cut()],
      [onConnect, stall()],
      [{ from: "server", message: "DataRow" }, truncate(7)],
      [{ from: "server", message: "ReadyForQuery" }, delay(20)],
      [{ from: "server", message: "CommandComplete" }, stall("toClient")],
      [beforeStatement(/select/), stall("toServer")],
      [afterRows(2), cut({ side: "client" })],
    ]
    const outcomes = new Map<number, "told" | "unknown">()
    let next = 1
    const work = async (until: number): Promise<void> => {
      while (performance.now() < until) {
        const id = next++
        const client = new Client({ connectionString: proxy.url(database.url) })
        client.on("error", () => {})
        // What stalls is given up: nobody waits longer than this.
        const patience = setTimeout(() => client.connection.stream.destroy(), 150)
        outcomes.set(id, "unknown")
        try {
          await client.connect()
          await client.query("begin")
          await client.query("insert into account values ($1, 1)", [id])
          await client.query("select g from generate_series(1, 3) g")
          await client.query("commit")
          outcomes.set(id, "told")
        } catch {
          // The ledger below says what became of it.
        }
        clearTimeout(patience)
        await client.end().catch(() => {})
      }
    }
    const until = performance.now() + 2_000
    const weather = async (): Promise<void> => {
      while (performance.now() < until) {
        const [when, action] = storm[pick(storm.length)] ?? [onConnect, cut()]
        proxy.rule({ when, do: action, skip: pick(3) })
        if (random() < 0.1) proxy.cutAll({ how: random() < 0.5 ? "fin" : "rst" })
        if (random() < 0.1) proxy.resumeAll()
        await sleep(5)
      }
    }
    await Promise.all([weather(), ...[1, 2, 3, 4].map(() => work(until))])

    proxy.clearRules()
    proxy.resumeAll()
    // Half-open ones are what cutting one side means; everything else closes by itself.
    proxy.cutAll()
    await expect.poll(() => proxy.connections, { message: `seed ${SEED}` }).toEqual([])
    await expect
      .poll(() =>
        database.ask("select from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()", [database.name]),
      )
      .toEqual([])
    const stored = new Set((await database.ask("select id from account")).map(({ id }) => id))
    const told = [...outcomes].filter(([, outcome]) => outcome === "told").map(([id]) => id)
    expect(told.filter((id) => !stored.has(id))).toEqual([])
    expect([told.length > 0, told.length < outcomes.size]).toEqual([true, true])
    expect((await (await open()).query("select 1 as one")).rows).toEqual([{ one: 1 }])
  })

  it("closes while everything is stalled, and again", async () => {
    const client = await open()
    proxy.rule({ when: beforeStatement(/select 1/), do: [delay(60_000), stall()] })
    const outcome = client.query("select 1").catch(() => "cut")
    proxy.stallAll()
    await proxy.close()
    await proxy.close()
    expect(await outcome).toBe("cut")
    expect(proxy.connections).toEqual([])
  })

  it("feels a client that does not read, and holds no more than a little for it", async () => {
    const client = await open()
    const stream = client.connection.stream
    const before = process.memoryUsage().arrayBuffers
    const answer = client.query("select repeat('x', 1000000) as x from generate_series(1, 60)")
    await once(stream, "data")
    stream.pause()
    await sleep(300)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000)
    stream.resume()
    expect((await answer).rows).toHaveLength(60)
  })
})

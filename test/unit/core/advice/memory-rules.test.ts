import { Adviser } from "@kysely-resilient/core/src/advice/adviser.ts"
import type { Advice } from "@kysely-resilient/core/src/advice/advice.ts"
import { MEMORY_RULES } from "@kysely-resilient/core/src/advice/memory-rules.ts"
import { DEFAULT_THRESHOLDS } from "@kysely-resilient/core/src/health/thresholds.ts"
import type { DriverSnapshot, Failure, PoolStats, Told } from "@kysely-resilient/driver"
import { Metrics } from "@kysely-resilient/driver/src/telemetry/metrics.ts"
import { PoolTimes } from "@kysely-resilient/driver/src/telemetry/pool-times.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"
import { expectOneAsOne } from "../../../support/grammar.ts"
import { identity, noTimes } from "../../../support/identity.ts"
import { failure } from "../../../support/scripted-engine.ts"

let clock: FakeClock
let metrics: Metrics
let adviser: Adviser
let state: {
  pool: Partial<PoolStats>
  circuit?: DriverSnapshot["circuit"]
  resolution?: DriverSnapshot["resolution"]
  times?: DriverSnapshot["times"]
}

function snapshot(): DriverSnapshot {
  const pool = { min: 0, max: 4, idle: 1, leased: 0, opening: 0, waiting: 0, generation: 0, outageMs: undefined }
  const circuit = { state: "closed", openMs: undefined } as const
  const rest = { resolution: { pending: 0 }, circuit, retriesLeft: 10, database: identity, times: noTimes }
  return { at: clock.wallTime(), metrics: metrics.snapshot(), ...rest, ...state, pool: { ...pool, ...state.pool } }
}

beforeEach(() => {
  clock = new FakeClock()
  metrics = new Metrics(clock)
  state = { pool: {} }
  adviser = new Adviser({ clock, snapshot, limits: DEFAULT_THRESHOLDS, rules: MEMORY_RULES })
})

function tell(event: Told, times = 1): void {
  for (let time = 0; time < times; time += 1) {
    const told = { ...event, at: clock.wallTime() }
    metrics.observe(told)
    adviser.observe(told)
  }
}

const statement = { queryId: "q", sql: "select 'secret' from t", attempts: 1, durationMs: 1, access: "read" } as const
const because = "attempts-spent"
const server = (kind: Failure["kind"], facts: Partial<Failure> = {}): Failure =>
  failure(kind, { blame: "server", ...facts })
const cut = server("connection_failed", { origin: "socket", errno: "ECONNRESET" })
const shutdown = server("server_shutdown", { sqlState: "57P01" })

const succeed = (times: number, more: { durationMs?: number; firstFailure?: Failure; label?: string } = {}) =>
  tell({ ...statement, name: "query.succeeded", ...more }, times)
const fail = (why: Failure, times = 1, durationMs = 1) =>
  tell({ ...statement, name: "query.failed", failure: why, because, durationMs }, times)
const lose = (why: Failure, times: number) => {
  for (let time = 0; time < times; time += 1) {
    tell({ name: "connection.discarded", connectionId: 1, reason: "died", failure: why })
    tell({ name: "connection.opened", connectionId: 2, durationMs: 1 })
  }
}

const advised = () => {
  const advice = adviser.advise()
  for (const { message } of advice) expectOneAsOne(message)
  return advice
}
const codes = () => advised().map(({ code }) => code)
function only(code: string): Advice {
  const advice = advised()
  expect(advice.map((one) => one.code)).toEqual([code])
  return advice[0]!
}

describe("advice from memory", () => {
  it("is none when nothing has happened, and when all went well", () => {
    expect(adviser.advise()).toEqual([])
    succeed(1000)
    tell({ name: "transaction.committed", durationMs: 5 }, 100)
    tell({ name: "transaction.rolled-back", reason: "caller" }, 100)
    tell({ name: "connection.discarded", connectionId: 1, reason: "lifetime" }, 50)
    expect(adviser.advise()).toEqual([])
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("HIGH_RECONNECTIONS tells a server that ends sessions from one that restarts, and both from the network", () => {
    lose(shutdown, 10)
    expect(codes()).toEqual([])
    lose(shutdown, 1)
    const ended = only("HIGH_RECONNECTIONS")
    expect(ended).toMatchObject({
      severity: "warning",
      message: "11 lost connections were replaced in the last 60 s",
      docs: expect.stringMatching(/docs\/advice\.md#high_reconnections$/),
      evidence: { reconnections: 11, reconnections_max: 10, losses: { "57P01 server_shutdown": 11 } },
    })
    expect(ended.action).toMatch(/pg_terminate_backend/)
    expect(ended.action).toMatch(/while the server runs on/)
    tell({ name: "connection.failed", failure: server("server_starting", { sqlState: "57P03" }), durationMs: 1 })
    expect(only("HIGH_RECONNECTIONS").action).toMatch(/who restarted it/)
    lose(cut, 12)
    expect(only("HIGH_RECONNECTIONS").action).toMatch(/^They ended without a word.*\. The server ended them/)
  })

  it("HIGH_RECONNECTIONS blames a crash, of which it knows, and no network, for whoever was cut off without hearing of it", () => {
    lose(cut, 10)
    lose(server("server_crashed", { sqlState: "57P02" }), 1)
    tell({ name: "connection.failed", failure: server("server_starting", { sqlState: "57P03" }), durationMs: 1 }, 5)
    const { action } = only("HIGH_RECONNECTIONS")
    expect(action).toMatch(/^The server crashed/)
    expect(action).not.toMatch(/firewall|who restarted it/)
  })

  it("SERVER_UNREACHABLE says that the server recovers from a crash, where it is known to have crashed", () => {
    lose(server("server_crashed", { sqlState: "57P02" }), 3)
    tell({ name: "connection.failed", failure: server("server_starting", { sqlState: "57P03" }), durationMs: 1 }, 5)
    state.pool = { outageMs: 1_000 }
    expect(only("SERVER_UNREACHABLE").action).toMatch(/^The server crashed/)
  })

  it("HIGH_ROLLBACKS names what was rolled back, and conflicts beside it", () => {
    tell({ name: "transaction.rolled-back", reason: "deadline" }, 20)
    expect(codes()).toEqual([])
    tell({ name: "transaction.rolled-back", reason: "deadline" })
    expect(only("HIGH_ROLLBACKS")).toMatchObject({
      evidence: { rollbacks: 21, rollbacks_max: 20, reasons: { deadline: 21 } },
    })
    expect(only("HIGH_ROLLBACKS").action).toMatch(/^Transactions reach their deadline.*transactionMs$/)
    tell({ name: "transaction.rolled-back", reason: "orphan" }, 30)
    fail(failure("deadlock_detected", { sqlState: "40P01" }))
    expect(only("HIGH_ROLLBACKS").action).toMatch(/deadline.*Raw BEGIN.*Deadlocks/)
  })

  it("LOW_SUCCESS_RATE says what failed, and whether the pool was exhausted too", () => {
    succeed(94)
    succeed(5, { firstFailure: cut })
    succeed(1)
    expect(codes()).toEqual([])
    succeed(1, { firstFailure: cut })
    const low = only("LOW_SUCCESS_RATE")
    expect(low).toMatchObject({
      severity: "critical",
      message: "94.0 % of 101 statements in the last 60 s succeeded at the first try",
      evidence: { failures: { "ECONNRESET connection_failed": 6 }, statements: 101, pool_refusals: 0 },
    })
    expect(low.action).toMatch(/its process, its host or a proxy.*then for a firewall/)
    expect(low.action).not.toMatch(/pool was exhausted/)
  })

  it("LOW_SUCCESS_RATE speaks also when the last five failed, however few there were", () => {
    fail(server("resource_exhausted", { sqlState: "53100" }), 4)
    expect(codes()).toEqual([])
    fail(server("resource_exhausted", { sqlState: "53100" }))
    expect(only("LOW_SUCCESS_RATE").action).toMatch(/short of memory or disk/)
  })

  it.each([
    ["refused", server("connection_failed", { origin: "socket", errno: "ECONNREFUSED" }), /start PostgreSQL/],
    ["dns", server("connection_failed", { origin: "dns", errno: "ENOTFOUND" }), /host's name/],
    ["crash", server("server_crashed", { sqlState: "57P02" }), /crashed/],
  ])("SERVER_UNREACHABLE says where to look: %s", (_, why, action) => {
    tell({ name: "connection.failed", failure: why, durationMs: 1 }, 3)
    state.pool = { outageMs: 4_900, waiting: 7, idle: 0 }
    expect(only("SERVER_UNREACHABLE")).toMatchObject({
      severity: "warning",
      message: "No connection can be opened for 4.9 s; 7 callers wait",
      action: expect.stringMatching(action),
    })
    state.pool = { outageMs: 5_000, waiting: 7, idle: 0 }
    expect(only("SERVER_UNREACHABLE").severity).toBe("critical")
  })

  it("CIRCUIT_OPEN is critical", () => {
    state.circuit = { state: "open", openMs: 1_500 }
    expect(only("CIRCUIT_OPEN")).toMatchObject({ severity: "critical", evidence: { state: "open", open_s: 1.5 } })
  })

  it("CONNECTIONS_REFUSED tells a full server from a wrong password", () => {
    tell(
      { name: "connection.failed", failure: server("too_many_connections", { sqlState: "53300" }), durationMs: 1 },
      2,
    )
    expect(only("CONNECTIONS_REFUSED")).toMatchObject({
      severity: "warning",
      evidence: { refused: { "53300 too_many_connections": 2 } },
      sql: expect.stringMatching(/pg_stat_activity/),
    })
    const wrong = failure("authentication_failed", { sqlState: "28P01" })
    tell({ name: "connection.failed", failure: wrong, durationMs: 1 }, 3)
    state.pool = { idle: 0 }
    expect(only("CONNECTIONS_REFUSED")).toMatchObject({
      severity: "critical",
      action: expect.stringMatching(/^The server refuses the user.*no connection left/),
    })
  })

  describe("POOL_EXHAUSTED", () => {
    const refusal = failure("pool_timeout", { blame: "client", origin: "client", phase: "acquire" })

    it("is a warning while a line as long as the pool stands, critical when somebody was refused", () => {
      state.pool = { leased: 4, waiting: 3, idle: 0 }
      expect(codes()).toEqual([])
      state.pool = { leased: 4, waiting: 4, idle: 0 }
      expect(only("POOL_EXHAUSTED").severity).toBe("warning")
      fail(refusal)
      expect(only("POOL_EXHAUSTED")).toMatchObject({ severity: "critical", evidence: { refused: { pool_timeout: 1 } } })
    })

    it.each([
      ["too many at once", () => {}, /raise pool\.max/],
      ["slow statements", () => succeed(3, { durationMs: 2_000 }), /Statements are slow/],
      [
        "transactions that rest",
        () => tell({ name: "transaction.held-too-long", heldMs: 20_000, working: false }),
        /Transactions rest/,
      ],
      ["use inside", () => tell({ name: "pool.used-inside", what: "statement", inside: "transaction" }), /Use tx/],
    ])("knows %s", (_, happened, action) => {
      fail(refusal)
      happened()
      expect(adviser.advise().find(({ code }) => code === "POOL_EXHAUSTED")?.action).toMatch(action)
    })

    it("takes half a second for slow, even where none is slow enough to be named", () => {
      fail(refusal)
      succeed(20, { durationMs: 440 })
      expect(only("POOL_EXHAUSTED").action).toMatch(/raise pool\.max/)
      succeed(20, { durationMs: 560 })
      expect(only("POOL_EXHAUSTED").action).toMatch(/Statements are slow/)
    })

    it("counts those who were late in line only where the pool was full", () => {
      const late = failure("deadline_exceeded", { blame: "client", phase: "acquire" })
      state.pool = { idle: 1, leased: 2 }
      fail(late, 5)
      expect(codes()).toEqual([])
      fail(late, 1)
      expect(codes()).toEqual(["TIMEOUTS"])
      state.pool = { idle: 1, leased: 3 }
      expect(adviser.advise()[0]).toMatchObject({
        code: "POOL_EXHAUSTED",
        severity: "critical",
        message: "6 callers got no connection in the last minute; 3 of 4 are in use and 0 wait",
      })
    })

    it("says nothing in an outage, where nobody gets a connection", () => {
      fail(refusal)
      state.pool = { outageMs: 100 }
      expect(codes()).toEqual(["SERVER_UNREACHABLE"])
    })
  })

  it("POOL_WAIT needs a full pool, twenty who waited long, and a tenth of all", async () => {
    const times = new PoolTimes(identity)
    const wait = (count: number, ms: number): void => {
      for (let time = 0; time < count; time += 1) times.waited(ms)
    }
    const look = (): string[] => {
      state = { pool: { idle: 0, leased: 4 }, times: times.read() }
      return codes()
    }
    wait(180, 100)
    wait(7, 101)
    expect(look()).toEqual([])
    await clock.advance(1_000)
    wait(6, 101)
    expect(look()).toEqual([])
    await clock.advance(1_000)
    wait(6, 101)
    expect(look()).toEqual([])
    // 20 of 200, then 21 of 201.
    wait(1, 101)
    expect(look()).toEqual([])
    wait(1, 300)
    look()
    expect(only("POOL_WAIT")).toMatchObject({
      severity: "warning",
      message: "21 callers of 201 waited longer than 100 ms for a connection",
      evidence: { waited_long: 21, of: 201, ratio: "10.4 %" },
    })
    // Two minutes later nobody waits any more, and what was then is forgotten.
    await clock.advance(120_000)
    expect(look()).toEqual([])
    // Again, and for as long as it takes.
    wait(40, 500)
    expect(look()).toEqual([])
    await clock.advance(1_000)
    wait(1, 500)
    expect(look()).toEqual([])
    await clock.advance(1_000)
    expect(look()).toEqual([])
    wait(1, 500)
    expect(look()).toEqual([])
    await clock.advance(1_000)
    wait(1, 500)
    expect(look()).toEqual([])
    await clock.advance(1_000)
    wait(1, 500)
    expect(look()).toEqual(["POOL_WAIT"])
  })

  it("POOL_WAIT says nothing while connections are being opened", () => {
    const times = new PoolTimes(identity)
    for (let time = 0; time < 30; time += 1) times.waited(500)
    state = { pool: { idle: 0, leased: 3, opening: 1 }, times: times.read() }
    expect(codes()).toEqual([])
  })

  it("POOL_USED_INSIDE, HELD_TOO_LONG and ORPHANED_TRANSACTIONS are told once they happen, with places", () => {
    tell({ name: "pool.used-inside", what: "statement", inside: "transaction", callSite: "orders.ts:12:3" }, 2)
    expect(only("POOL_USED_INSIDE")).toMatchObject({
      severity: "warning",
      evidence: { times: 2, places: { "orders.ts:12:3": 2 } },
    })
    tell({ name: "transaction.held-too-long", heldMs: 12_000, working: false, label: "report" })
    tell({ name: "transaction.orphaned", connectionId: 1, action: "commit" })
    expect(advised()).toMatchObject([
      { code: "POOL_USED_INSIDE" },
      {
        code: "HELD_TOO_LONG",
        evidence: { held: 1, resting: 1, longest_s: 12 },
        action: expect.stringMatching(/collect first/),
      },
      {
        code: "ORPHANED_TRANSACTIONS",
        evidence: { ended_by: { commit: 1 } },
        message: "1 transaction that raw SQL had begun came back open; it was committed as it was",
      },
    ])
  })

  it.each([
    [["rollback"], "1 transaction that raw SQL had begun came back open; its work is lost"],
    [["rollback", "rollback"], "2 transactions that raw SQL had begun came back open; their work is lost"],
    [["commit", "commit"], "2 transactions that raw SQL had begun came back open; they were committed as they were"],
    [
      ["commit", "rollback"],
      "2 transactions that raw SQL had begun came back open; 1 was committed as it was, the work of the other is lost",
    ],
    [
      ["commit", "commit", "rollback"],
      "3 transactions that raw SQL had begun came back open; 2 were committed as they were, the work of the other is lost",
    ],
  ] as const)("ORPHANED_TRANSACTIONS after %j tells what became of them", (actions, message) => {
    for (const action of actions) tell({ name: "transaction.orphaned", connectionId: 1, action })
    expect(only("ORPHANED_TRANSACTIONS").message).toBe(message)
  })

  it("speaks of one as of one where limits are as low as they can be", () => {
    const limits = { ...DEFAULT_THRESHOLDS, reconnectionsMax: 0, rollbacksMax: 0 }
    adviser = new Adviser({ clock, snapshot, limits, rules: MEMORY_RULES })
    lose(shutdown, 1)
    tell({ name: "transaction.rolled-back", reason: "deadline" })
    expect(advised().map(({ message }) => message)).toEqual([
      "1 lost connection was replaced in the last 60 s",
      "1 transaction was rolled back for its caller in the last 60 s",
    ])
    state.pool = { max: 1, idle: 0, leased: 1, waiting: 1 }
    expect(advised()[0]?.message).toBe("The only connection is in use, and 1 caller waits for it")
  })

  it("UNRESOLVED_EFFECTS is critical when nobody looks any more", () => {
    tell({ name: "effect.unresolved", by: "xid", why: "the server restarted", durationMs: 5 })
    state.resolution = { pending: 1 }
    expect(only("UNRESOLVED_EFFECTS").severity).toBe("warning")
    state.resolution = { pending: 0 }
    expect(only("UNRESOLVED_EFFECTS")).toMatchObject({
      severity: "critical",
      evidence: { told_unknown: 1, why: { "the server restarted": 1 } },
    })
  })

  const unresolved = (label: string, by: "xid" | "marker" = "xid") =>
    tell({ name: "effect.unresolved", by, why: "the server restarted", durationMs: 5, label })
  const foundLate = (label: string) =>
    tell({ name: "effect.resolved", by: "xid", effect: "applied", durationMs: 1, late: true, label })

  it("UNRESOLVED_EFFECTS says which write it is, and what to do", () => {
    unresolved("transfer 4001")
    expect(only("UNRESOLVED_EFFECTS")).toMatchObject({
      message: "Of 1 write (transfer 4001) nobody knows whether it was done. It is not being looked for any more",
      action:
        'Do not repeat it blindly: db.resolve(error.token) asks once more whether it was done. After a crash or a failover resolution: "xid" cannot tell: look for what it should have written. "marker" can tell then, too',
    })
    for (const label of ["order 1", "order 2", "order 3"]) unresolved(label)
    state.resolution = { pending: 1 }
    expect(only("UNRESOLVED_EFFECTS").message).toBe(
      "Of 4 writes (transfer 4001, order 1, order 2 and others) nobody knows whether they were done. 1 of them is still being looked for",
    )
  })

  it("UNRESOLVED_EFFECTS recommends no marker to who has one", () => {
    unresolved("transfer 4001", "marker")
    expect(only("UNRESOLVED_EFFECTS").action).toBe(
      "Do not repeat it blindly: db.resolve(error.token) asks once more whether it was done",
    )
  })

  it("UNRESOLVED_EFFECTS speaks no more of what was found out late", async () => {
    unresolved("order 1")
    unresolved("order 2")
    foundLate("order 1")
    expect(only("UNRESOLVED_EFFECTS").message).toMatch(/^Of 1 write \(order 2\) nobody knows/)
    foundLate("order 2")
    expect(only("UNRESOLVED_EFFECTS")).toMatchObject({ passed: true, message: expect.stringMatching(/nobody knew/) })
    await clock.advance(11_000)
    expect(codes()).toEqual([])
  })

  it("what has passed is told in the past tense", async () => {
    state.pool = { outageMs: 2_000, waiting: 11 }
    tell({ name: "pool.outage-began", failure: cut })
    await clock.advance(1_000)
    expect(only("SERVER_UNREACHABLE").message).toBe("No connection can be opened for 2.0 s; 11 callers wait")
    state.pool = {}
    expect(only("SERVER_UNREACHABLE")).toMatchObject({
      passed: true,
      message: "No connection could be opened for at least 2.0 s; 11 callers waited",
    })
  })

  it("UNCONFIRMED_COMMITS", () => {
    const resolved = { name: "effect.resolved", by: "xid", durationMs: 1 } as const
    tell({ ...resolved, effect: "applied", late: true })
    // In time: its caller is told, and with him whoever listens.
    tell({ ...resolved, effect: "applied_locally", late: false })
    expect(codes()).toEqual([])
    const unconfirmed = server("replication_unconfirmed", { effect: "applied_locally", phase: "commit" })
    tell({ name: "transaction.failed", attempts: 1, durationMs: 1, failure: unconfirmed, because: "not-transient" })
    expect(only("UNCONFIRMED_COMMITS")).toMatchObject({ evidence: { commits: 1 } })
    fail(unconfirmed)
    tell({ ...resolved, effect: "applied_locally", late: true })
    expect(adviser.advise()[0]).toMatchObject({ code: "UNCONFIRMED_COMMITS", evidence: { commits: 3 } })
  })

  it("RETRY_AMPLIFICATION lets one retry for five statements pass", () => {
    const retried = { ...statement, name: "query.retried", attempt: 1, delayMs: 1, failure: cut } as const
    succeed(100)
    tell(retried, 20)
    expect(codes()).toEqual([])
    tell(retried, 1)
    expect(only("RETRY_AMPLIFICATION").severity).toBe("warning")
  })

  it("RETRY_AMPLIFICATION needs a load of retries, or a budget that is spent", () => {
    succeed(95)
    const retried = { ...statement, name: "query.retried", attempt: 1, delayMs: 1, failure: cut } as const
    tell(retried, 19)
    expect(codes()).toEqual([])
    tell(retried, 1)
    expect(only("RETRY_AMPLIFICATION")).toMatchObject({ evidence: { retries: 20, statements: 95, retry_ratio: 0.211 } })
    succeed(1_000)
    tell({ ...statement, name: "query.failed", failure: cut, because: "budget-spent" })
    expect(only("RETRY_AMPLIFICATION").message).toMatch(/told because the budget is spent/)
  })

  it.each([
    ["deadlock_detected", /same order/],
    ["serialization_failure", /weaker isolation/],
    ["lock_timeout", /who holds the locks/],
  ] as const)("CONFLICTS knows %s", (kind, action) => {
    fail(failure(kind), 20)
    expect(codes()).toEqual([])
    // A COMMIT that conflicts is no statement: only the transaction's next run tells of it.
    tell({ name: "transaction.rerun", attempt: 2, delayMs: 1, failure: failure(kind, { phase: "transaction" }) })
    expect(codes()).toEqual([])
    tell({ name: "transaction.rerun", attempt: 2, delayMs: 1, failure: failure(kind, { phase: "commit" }) })
    expect(only("CONFLICTS")).toMatchObject({
      severity: "warning",
      action: expect.stringMatching(action),
      evidence: { reruns: 2 },
    })
  })

  it("TIMEOUTS and SLOW_QUERIES name the statements without what is in them", () => {
    const late = failure("deadline_exceeded", { blame: "client", phase: "read" })
    fail(late, 5, 900)
    expect(codes()).toEqual([])
    fail(late, 1, 900)
    expect(only("TIMEOUTS")).toMatchObject({
      evidence: { time_outs: 6, slowest: [{ what: "select ? from t", count: 6, max_s: 0.9 }] },
    })
    succeed(2, { durationMs: 1_500 })
    succeed(100, { durationMs: 999 })
    expect(codes()).toEqual(["TIMEOUTS"])
    succeed(1, { durationMs: 4_000, label: "monthly report" })
    expect(adviser.advise()[1]).toMatchObject({
      code: "SLOW_QUERIES",
      severity: "info",
      evidence: { statements: [{ what: "monthly report" }, { what: "select ? from t", count: 2, mean_s: 1.5 }] },
    })
    succeed(10, { durationMs: 1_000 })
    expect(adviser.advise()[1]).toMatchObject({ code: "SLOW_QUERIES", severity: "warning" })
    expect(JSON.stringify(adviser.advise())).not.toContain("secret")
  })

  it("SLOW_QUERIES is a warning from one in twenty on", () => {
    succeed(4, { durationMs: 1_000 })
    succeed(76)
    expect(only("SLOW_QUERIES").severity).toBe("info")
    adviser = new Adviser({ clock, snapshot, limits: DEFAULT_THRESHOLDS, rules: MEMORY_RULES })
    metrics = new Metrics(clock)
    succeed(4, { durationMs: 1_000 })
    succeed(66)
    expect(only("SLOW_QUERIES").severity).toBe("warning")
  })

  it("OBSERVER_THROWS and TROUBLE_ON_PURPOSE are worth knowing", () => {
    metrics.observerFailed()
    tell({ name: "buggify.struck", kind: "slow-answer" } as unknown as Told)
    expect(adviser.advise()).toMatchObject([
      { code: "OBSERVER_THROWS", severity: "info" },
      { code: "TROUBLE_ON_PURPOSE", severity: "info", evidence: { strikes: { "slow-answer": 1 } } },
    ])
  })
})

describe("since when, and how long", () => {
  it("begins when it happened, though nobody asked, and ends when it has been over for a while", async () => {
    const at = clock.wallTime()
    lose(cut, 11)
    await clock.advance(40_000)
    const { since } = only("HIGH_RECONNECTIONS")
    expect(since).toBe(at)
    // The window forgets after 60 s; that is believed after 10 more.
    await clock.advance(25_000)
    expect(only("HIGH_RECONNECTIONS").since).toBe(at)
    await clock.advance(9_000)
    expect(codes()).toEqual([])
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("remembers for ten minutes what need happen only once", async () => {
    tell({ name: "transaction.orphaned", connectionId: 1, action: "rollback" })
    await clock.advance(9 * 60_000)
    expect(codes()).toEqual(["ORPHANED_TRANSACTIONS"])
    await clock.advance(70_000)
    expect(codes()).toEqual([])
  })

  it("puts the worst first", () => {
    succeed(3, { durationMs: 2_000 })
    tell({ name: "transaction.orphaned", connectionId: 1, action: "rollback" })
    state.circuit = { state: "open", openMs: 1 }
    expect(adviser.advise().map(({ severity }) => severity)).toEqual(["critical", "warning", "info"])
  })

  it("sets no timer after its end", () => {
    adviser.close()
    lose(cut, 11)
    expect(clock.timers.background).toBe(0)
  })
})

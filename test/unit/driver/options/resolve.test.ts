import { BUGGIFY_KINDS, type DriverOptions } from "@kysely-resilient/driver"
import { OptionsError } from "@kysely-resilient/driver/src/options/options-error.ts"
import { resolveOptions } from "@kysely-resilient/driver/src/options/resolve.ts"
import { combineObservers } from "@kysely-resilient/driver/src/telemetry/observer.ts"
import type { DriverEvent } from "@kysely-resilient/driver/src/telemetry/events.ts"
import { describe, expect, it } from "vitest"

import { problemsOf, resolved, systemWith } from "./fake-system.ts"

const begun: DriverEvent = {
  name: "pool.outage-began",
  at: 0,
  failure: {
    kind: "connection_failed",
    blame: "server",
    retry: "statement",
    pace: "slow",
    connection: "discard",
    effect: "not_applied",
    origin: "socket",
    phase: "connect",
    message: "connect ECONNREFUSED 127.0.0.1:5432",
  },
}
const succeeded: DriverEvent = {
  name: "query.succeeded",
  at: 0,
  queryId: "1",
  sql: "select 1",
  durationMs: 1,
  attempts: 1,
  access: "read",
}

function onConnect(): Promise<void> {
  return Promise.resolve()
}

function observer(): void {}

describe("options", () => {
  it.each([
    [undefined, undefined],
    [false, undefined],
    [true, { application: "shop" }],
    [{}, { application: "shop" }],
    [{ application: "till" }, { application: "till" }],
  ])("say who sends statements: %o", (sqlComments, comments) => {
    const connection = { host: "h", applicationName: "shop" }
    expect(resolved({ connection, sqlComments }).sqlComments).toEqual(comments)
  })

  it("fill in every default", () => {
    const { connection: _, ...rest } = resolved({})
    expect(rest).toEqual({
      pool: {
        min: 2,
        max: 20,
        acquireTimeoutMs: 30_000,
        waitersMax: 100_000,
        idleTimeoutMs: 30_000,
        maxLifetimeMs: 1_800_000,
        validateAfterIdleMs: 5_000,
        keepAlive: false,
        outageWaitMs: 5_000,
      },
      timeouts: {
        connectMs: 5_000,
        queryMs: undefined,
        cancelMs: 1_000,
        transactionMs: undefined,
        heldTooLongMs: 10_000,
        stallMs: 1_000,
      },
      retry: {
        enabled: true,
        attemptsMax: 3,
        slow: { baseMs: 500, maxMs: 5_000 },
        quick: { baseMs: 10, maxMs: 250 },
        outageWaitMs: 5_000,
        budget: { ratio: 0.1, burst: 100 },
      },
      circuit: { failuresMin: 3, windowMs: 30_000, afterMs: 5_000, gapMs: 7_000 },
      resolution: "xid",
      resolveAutocommit: true,
      orphanedTransaction: "rollback",
      onConnect: undefined,
      callSites: false,
      observer: undefined,
      log: undefined,
    })
  })

  it("never tell of a transaction that is held for long if that is 0, and show call sites in development", () => {
    expect(resolved({ timeouts: { heldTooLongMs: 0 } }).timeouts.heldTooLongMs).toBeUndefined()
    expect(resolved({ timeouts: { stallMs: 0 } }).timeouts.stallMs).toBeUndefined()
    const inDevelopment = resolved({ connection: "postgres://u@h/d" }, { NODE_ENV: "development" })
    expect(inDevelopment.callSites).toBe(true)
  })

  it("take what is given", () => {
    const options = resolved({
      connection: "postgres://u@h/d",
      pool: {
        min: 0,
        max: 1,
        acquireTimeoutMs: 1,
        waitersMax: 0,
        idleTimeoutMs: 2,
        maxLifetimeMs: 3,
        validateAfterIdleMs: 0,
        keepAlive: true,
      },
      timeouts: { connectMs: 4, queryMs: 5, cancelMs: 6, transactionMs: 7, heldTooLongMs: 8, stallMs: 9 },
      retry: { attemptsMax: 7, slow: { baseMs: 8, maxMs: 9 }, quick: { baseMs: 10, maxMs: 11 }, outageWaitMs: 0 },
      orphanedTransaction: "commit",
      callSites: true,
      onConnect,
      observer,
    })
    expect(options).toMatchObject({
      connection: { ok: true, value: { label: "h:5432/d" } },
      pool: { min: 0, max: 1, acquireTimeoutMs: 1, waitersMax: 0, idleTimeoutMs: 2, maxLifetimeMs: 3 },
      timeouts: { connectMs: 4, queryMs: 5, cancelMs: 6, transactionMs: 7, heldTooLongMs: 8, stallMs: 9 },
      retry: { attemptsMax: 7, slow: { baseMs: 8, maxMs: 9 }, quick: { baseMs: 10, maxMs: 11 }, outageWaitMs: 0 },
      orphanedTransaction: "commit",
      callSites: true,
    })
    expect(options.pool).toMatchObject({ validateAfterIdleMs: 0, keepAlive: true, outageWaitMs: 0 })
    expect(options.onConnect).toBe(onConnect)
    expect(options.observer).toBe(observer)
  })

  it("lower a lower bound that was not given to an upper one that was", () => {
    const options = resolved({ pool: { max: 1 }, retry: { slow: { maxMs: 100 }, quick: { maxMs: 5 } } })
    expect(options.pool.min).toBe(1)
    expect(options.retry.slow).toEqual({ baseMs: 100, maxMs: 100 })
    expect(options.retry.quick).toEqual({ baseMs: 5, maxMs: 5 })
  })

  it("switch every second try off with retry: false, and waiting for an outage's end with them", () => {
    const { retry, pool } = resolved({ retry: false })
    expect(retry).toMatchObject({ enabled: false, attemptsMax: 1, outageWaitMs: 0 })
    expect(pool.outageWaitMs).toBe(0)
  })

  it("read the budget of retries, or that there is none", () => {
    expect(resolved({ retry: { budget: { burst: 7 } } }).retry.budget).toEqual({ ratio: 0.1, burst: 7 })
    expect(resolved({ retry: { budget: { ratio: 0, burst: 0 } } }).retry.budget).toEqual({ ratio: 0, burst: 0 })
    expect(resolved({ retry: { budget: false } }).retry.budget).toBeUndefined()
    expect(resolved({ retry: false }).retry.budget).toBeUndefined()
  })

  it("give nobody up who waits, unless it is asked for", () => {
    const sheddingOf = (pool: DriverOptions["pool"]) => resolved(pool === undefined ? {} : { pool }).pool.shedding
    expect([sheddingOf(undefined), sheddingOf({}), sheddingOf({ shedding: false })]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(sheddingOf({ shedding: {} })).toEqual({ targetMs: 100, intervalMs: 1_000 })
    expect(sheddingOf({ shedding: { targetMs: 20, intervalMs: 300 } })).toEqual({ targetMs: 20, intervalMs: 300 })
  })

  it("open a circuit when nobody is willing to wait any more, or never", () => {
    const circuitOf = (options: DriverOptions) => resolved(options).circuit
    expect(circuitOf({ retry: { outageWaitMs: 60_000 } })).toMatchObject({ afterMs: 60_000 })
    expect(circuitOf({ retry: false })).toMatchObject({ afterMs: 5_000 })
    expect(circuitOf({ timeouts: { connectMs: 20_000 } })).toMatchObject({ gapMs: 22_000 })
    expect(circuitOf({ circuit: { failuresMin: 1, windowMs: 2, afterMs: 9_000 } })).toEqual({
      failuresMin: 1,
      windowMs: 2,
      afterMs: 9_000,
      gapMs: 7_000,
    })
    expect(circuitOf({ circuit: false })).toBeUndefined()
  })

  it("treat undefined as absent", () => {
    expect(resolved({ pool: undefined, retry: undefined, timeouts: { queryMs: undefined } })).toEqual(resolved({}))
  })

  it("are frozen all the way down, and leave what they were given alone", () => {
    const given = { connection: { host: "h" }, pool: { max: 3 }, retry: { slow: { baseMs: 1 } } }
    const options = resolved(given)
    const frozen = (value: unknown): boolean =>
      typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen))
    expect(frozen(options)).toBe(true)
    expect([given, given.connection, given.pool, given.retry.slow].some((part) => Object.isFrozen(part))).toBe(false)
  })

  it("do not change when what they were given changes later", () => {
    const given = { pool: { max: 3 } }
    const options = resolved(given)
    given.pool.max = 4
    expect(options.pool.max).toBe(3)
  })
})

describe("the log option", () => {
  it("writes a line for what is noteworthy, and nothing for the rest", () => {
    const system = systemWith()
    const { log } = resolved({ log: true }, {}, system)
    log?.(succeeded)
    log?.(begun)
    expect(system.lines).toHaveLength(1)
    expect(system.lines[0]).toContain("no connection can be opened")
  })

  it("gives a function the same events, and writes nothing itself", () => {
    const system = systemWith()
    const heard: DriverEvent[] = []
    const { log } = resolved({ log: (event: DriverEvent) => heard.push(event) }, {}, system)
    log?.(succeeded)
    log?.(begun)
    expect(heard).toEqual([begun])
    expect(system.lines).toEqual([])
  })

  it("leaves the promise of an async function to whoever looks after observers", async () => {
    const { log } = resolved({ log: () => Promise.reject(new Error("later")) })
    let failures = 0
    combineObservers([log], () => (failures += 1))(begun)
    await new Promise((resolve) => setImmediate(resolve))
    expect(failures).toBe(1)
  })

  it.each([false, undefined])("does nothing when it is %s", (log) => {
    expect(resolved({ log }).log).toBeUndefined()
  })
})

function explode(): never {
  throw new Error("hands off")
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

describe("buggify", () => {
  it("is off unless it is asked for", () => {
    expect(resolved({}).buggify).toBeUndefined()
    expect(resolved({ buggify: false }).buggify).toBeUndefined()
  })

  it("needs a seed only, and says aloud that it is on", () => {
    const system = systemWith()
    const { buggify } = resolveOptions({ connection: "postgres://u@h/d", buggify: { seed: 7 } }, {}, system)
    expect(buggify).toEqual({ seed: 7, probability: 0.05, kinds: BUGGIFY_KINDS, slowMs: 100 })
    expect(system.lines).toEqual(["kysely-resilient: buggify is on (seed 7): connections are broken on purpose"])
  })

  it("takes what is given", () => {
    const given = { seed: 0, probability: 1, kinds: ["deadlock", "answer-lost"], slowMs: 5 }
    expect(resolved({ buggify: given }).buggify).toEqual({ ...given, kinds: ["answer-lost", "deadlock"] })
  })
})

describe("wrong options", () => {
  it.each([
    ["options that are no object", 3, "options", "is 3"],
    ["options that are null", null, "options", "is null"],
    ["an unknown option", { conection: "x" }, "conection", "there is no such option"],
    ["an unknown way to find out", { resolution: "xact" }, "resolution", 'is "xact"'],
    ["a switch that is none", { resolveAutocommit: 1 }, "resolveAutocommit", "is 1"],
    ["an unknown part", { pool: { maximum: 3 } }, "pool.maximum", "there is no such option"],
    ["an unknown part with a strange name", { pool: { "a b": 3 } }, 'pool["a b"]', "there is no such option"],
    ["an unknown connection option", { connection: { dbname: "x" } }, "connection.dbname", "there is no such option"],
    ["a part that is no object", { pool: 3 }, "pool", "is 3"],
    ["a part that is an array", { timeouts: [] }, "timeouts", "is an array"],
    [
      "a pool of pg's",
      {
        pool: new (class Pool {
          connect(): void {}
        })(),
      },
      "pool",
      "is a connection pool, and this driver has its own",
    ],
    ["a number that is a string", { pool: { max: "20" } }, "pool.max", "is a string"],
    ["a count that is a fraction", { pool: { max: 2.5 } }, "pool.max", "is 2.5"],
    ["a count below the least", { pool: { max: 0 } }, "pool.max", "is 0"],
    ["a count that is NaN", { pool: { waitersMax: NaN } }, "pool.waitersMax", "is NaN"],
    ["a wait without an end", { timeouts: { queryMs: Infinity } }, "timeouts.queryMs", "is Infinity"],
    ["a wait of nothing", { timeouts: { connectMs: 0 } }, "timeouts.connectMs", "is 0"],
    ["a wait that no timer can take", { pool: { idleTimeoutMs: 2 ** 31 } }, "pool.idleTimeoutMs", "is 2147483648"],
    ["a share that is none", { retry: { budget: { ratio: "10 %" } } }, "retry.budget.ratio", "is a string"],
    ["half a retry", { retry: { budget: { burst: 0.5 } } }, "retry.budget.burst", "is 0.5"],
    ["shedding that is only true", { pool: { shedding: true } }, "pool.shedding", "is true"],
    ["shedding of what has not waited", { pool: { shedding: { targetMs: 0 } } }, "pool.shedding.targetMs", "is 0"],
    ["a circuit that is only true", { circuit: true }, "circuit", "is true"],
    [
      "a circuit that refuses those who would wait",
      { circuit: { afterMs: 4_999 } },
      "circuit.afterMs",
      "is 4999, below retry.outageWaitMs (5000): who is willing to wait would be refused",
    ],
    ["a circuit as elsewhere", { circuit: { failureRatio: 0.5 } }, "circuit.failureRatio", "there is no such option"],
    ["a negative wait", { retry: { outageWaitMs: -1 } }, "retry.outageWaitMs", "is -1"],
    ["a flag that is a word", { pool: { keepAlive: "yes" } }, "pool.keepAlive", "is a string"],
    ["retry: true", { retry: true }, "retry", "is true"],
    ["no tries at all", { retry: { attemptsMax: 0 } }, "retry.attemptsMax", "is 0"],
    ["an unknown choice", { orphanedTransaction: "comit" }, "orphanedTransaction", 'is "comit"'],
    ["a choice of another type", { orphanedTransaction: 1 }, "orphanedTransaction", "is 1"],
    ["an observer that is none", { observer: {} }, "observer", "is an object"],
    ["an onConnect that is a string", { onConnect: "set x" }, "onConnect", "is a string"],
    ["a log that is a level", { log: "debug" }, "log", "is a string"],
    ["min above max", { pool: { min: 5, max: 3 } }, "pool.min", "is 5, above max (3)"],
    ["min above the default max", { pool: { min: 30 } }, "pool.min", "is 30, above max (20, its default)"],
    [
      "a back-off that begins above its end",
      { retry: { quick: { baseMs: 300 } } },
      "retry.quick.baseMs",
      "is 300, above maxMs (250, its default)",
    ],
    ["buggify: true", { buggify: true }, "buggify", "is true"],
    ["buggify without a seed", { buggify: {} }, "buggify.seed", "is missing"],
    ["a seed that is a word", { buggify: { seed: "x" } }, "buggify.seed", "is a string"],
    ["a seed of more than 32 bits", { buggify: { seed: 2 ** 32 } }, "buggify.seed", "is 4294967296"],
    ["a probability of nothing", { buggify: { seed: 1, probability: 0 } }, "buggify.probability", "is 0"],
    ["a probability above 1", { buggify: { seed: 1, probability: 2 } }, "buggify.probability", "is 2"],
    ["trouble of no kind", { buggify: { seed: 1, kinds: [] } }, "buggify.kinds", "is an array"],
    ["trouble of an unknown kind", { buggify: { seed: 1, kinds: ["fire"] } }, "buggify.kinds", "holds what is none"],
    ["comments that are a word", { sqlComments: "yes" }, "sqlComments", "is a string"],
    ["tags that are no function", { sqlComments: { tags: {} } }, "sqlComments.tags", "is an object"],
    [
      "an application with a NUL",
      { sqlComments: { application: "a\0" } },
      "sqlComments.application",
      "holds a NUL character, which PostgreSQL cannot take",
    ],
    [
      "an unknown part of the comments",
      { sqlComments: { route: "/" } },
      "sqlComments.route",
      "there is no such option",
    ],
    ["an unknown part of buggify", { buggify: { seed: 1, only: [] } }, "buggify.only", "there is no such option"],
    ["options that cannot be read", new Proxy({}, { ownKeys: explode }), "options", "is an object"],
    ["a part that cannot be read", { pool: new Proxy({}, { has: explode, ownKeys: explode }) }, "pool", "is an object"],
    [
      "a getter that throws",
      { retry: Object.defineProperty({}, "attemptsMax", { enumerable: true, get: explode }) },
      "retry",
      "is an object",
    ],
    ["kinds that cannot be read", { buggify: { seed: 1, kinds: revoked([]) } }, "buggify.kinds", "is an object"],
    ["a connection of another type", { connection: 5432 }, "connection", "is 5432"],
  ])("are refused: %s", (_, options, path, problem) => {
    expect(problemsOf(options).map((found) => ({ path: found.path, problem: found.problem }))).toEqual([
      { path, problem },
    ])
  })

  it.each([
    [{ conection: "x" }, "Did you mean connection?"],
    [{ pool: { acquireTimeout: 1 } }, "Did you mean acquireTimeoutMs?"],
    [{ pool: { idle_timeout_ms: 1 } }, "Did you mean idleTimeoutMs?"],
    [{ pool: { mxa: 1 } }, "Did you mean max?"],
    [{ orphanedTransaction: "comit" }, 'Did you mean "commit"? Give "rollback", "commit" or "discard"'],
    [{ pool: { idleTimeoutMillis: 1 } }, "Write idleTimeoutMs"],
    [{ host: "h" }, "Give it as connection: { host }"],
    [
      { wholly: 1 },
      "Known here: connection, pool, timeouts, retry, resolution, resolveAutocommit, orphanedTransaction, circuit, onConnect, callSites, name, sqlComments, observer, log, buggify",
    ],
    [{ timeouts: { queryMs: Infinity } }, "Every wait has a limit: give milliseconds, a number from 1 to 2147483647"],
  ])("%o gets the hint: %s", (options, hint) => {
    expect(problemsOf(options)[0]?.hint).toBe(hint)
  })

  it("has buggify among them where NODE_ENV says production, however right it is", () => {
    const production = (options: unknown) => () => resolveOptions(options, { NODE_ENV: "production" }, systemWith())
    expect(production({ connection: "postgres://u@h/d", buggify: { seed: 1 } })).toThrow(
      "buggify: is for tests, and NODE_ENV is production. Remove it",
    )
    expect(production({ connection: "postgres://u@h/d", buggify: false })).not.toThrow()
  })

  it("are told all at once, each with what, why and what to do", () => {
    const options = { pool: { min: 5, max: 3 }, retrys: 1, connection: "postgres://u:secret@h:x/d" }
    const refusal = (): unknown => resolved(options)
    expect(refusal).toThrow(OptionsError)
    expect(refusal).toThrow(
      [
        "3 options are wrong:",
        "  retrys: there is no such option. Did you mean retry?",
        "  connection: has a port that is no number, so it cannot be read as a connection string. Write the host as name:5432 or [::1]:5432.",
        "  pool.min: is 5, above max (3). Raise max or lower min.",
      ].join("\n"),
    )
  })

  it("are a real Error with a name, and with problems that nobody can change", () => {
    const error = new OptionsError([{ path: "p", problem: "is wrong", hint: "Correct it" }])
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe("OptionsError")
    expect(String(error)).toBe("OptionsError: One option is wrong:\n  p: is wrong. Correct it.")
    expect(Object.isFrozen(error.problems) && Object.isFrozen(error.problems[0])).toBe(true)
  })

  it("do not add a second complaint about a bound that is wrong by itself", () => {
    expect(problemsOf({ pool: { min: 30, max: "50" } }).map(({ path }) => path)).toEqual(["pool.max"])
  })
})

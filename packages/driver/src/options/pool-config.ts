import type { ConnectedSession } from "../postgres/session.ts"
import { Problems, Section } from "./check.ts"
import { closest } from "./closest.ts"
import type { Environment } from "./environment.ts"
import { connectionOf } from "./pool-config-connection.ts"
import { PG_POOL_DEFAULTS, readLimits, type Loose, type PgLimits } from "./pool-config-limits.ts"

/** A pool's configuration in the words of `pg`, as far as it is not for the driver. */
export interface PoolConfigRest {
  readonly onConnect: ((client: ConnectedSession) => unknown) | undefined
  readonly verify: ((client: object, done: (error?: Error) => void) => void) | undefined
  readonly types: unknown
  readonly usesMax: number | undefined
  readonly limits: PgLimits
}

/** What pg.Client and pg-pool read. */
const PG_KEYS: readonly string[] = (
  "connectionString host port user password database ssl options keepAlive keepAliveInitialDelayMillis " +
  "application_name fallback_application_name enableChannelBinding scramMaxIterations sslnegotiation client_encoding " +
  "statement_timeout lock_timeout idle_in_transaction_session_timeout query_timeout connectionTimeoutMillis " +
  "idleTimeoutMillis max min poolSize maxUses maxLifetimeSeconds allowExitOnIdle types onConnect verify log Promise " +
  "Client stream replication binary pipeline isDomainSocket resilience"
).split(" ")

/** In `DriverOptions`, and in no configuration of pg's. */
const DRIVER_ONLY: readonly string[] =
  "connection pool timeouts retry resolution resolveAutocommit orphanedTransaction circuit callSites observer buggify sqlComments".split(
    " ",
  )

/** It is not pg's configuration, but `DriverOptions`. */
export function inDriversWords(config: object): boolean {
  return DRIVER_ONLY.some((key) => Object.hasOwn(config, key))
}

/**
 * `pg`'s configuration in the driver's words. What `pg` does not know it ignores, and so does this, but for what is probably a slip
 * of the pen; and what it knows and would be ignored to its author's harm is refused. Throws `OptionsError`.
 */
export function readPoolConfig(
  config: unknown,
  env: Environment,
): { readonly driver: Loose; readonly rest: PoolConfigRest } {
  const problems = new Problems()
  const section = new Section(problems, "", withoutStrangers(config), { known: PG_KEYS })
  refuseWhatCannotBeDone(section)
  const { pool, timeouts, usesMax, limits } = readLimits(section)
  const resilience = section.section("resilience", {
    known: [...DRIVER_ONLY.filter((key) => key !== "connection"), "log"],
    hints: { connection: "Give it in pg's words, beside resilience", onConnect: "Give it beside resilience" },
  })
  const connection = connectionOf(section, env)
  const rest = {
    onConnect: section.callback("onConnect", isHook),
    verify: section.callback("verify", isHook),
    types: section.value("types"),
    usesMax,
    limits,
  }
  const driver = {
    ...Object(section.value("resilience")),
    connection,
    pool: { ...PG_POOL_DEFAULTS, ...together(problems, "pool", resilience.value("pool"), pool) },
    timeouts: together(problems, "timeouts", resilience.value("timeouts"), timeouts),
  }
  problems.throwIfAny()
  return { driver, rest }
}

/** What was said in both words is a contradiction, or will be one day. */
function together(problems: Problems, name: string, inOurs: unknown, inPgsWords: Loose): Loose {
  const own: object = Object(inOurs)
  for (const key of Object.keys(own)) {
    if (!Object.hasOwn(inPgsWords, key)) continue
    problems.add(`resilience.${name}.${key}`, "is given in pg's words too", "Remove one of the two")
  }
  return { ...inPgsWords, ...own }
}

function refuseWhatCannotBeDone(section: Section): void {
  const refuse = (key: string, problem: string, hint: string): void => {
    if (section.value(key)) section.wrong(key, problem, hint)
  }
  refuse("Client", "cannot be chosen: connections are made here", "Remove it")
  refuse("stream", "cannot be given: sockets are made here", "Remove it, or stay with pg.Pool for this")
  refuse("replication", "is for a replication client, which no pool has", "Use pg.Client for it")
  refuse("binary", "is not supported: results travel as text", "Remove it")
  refuse("scramMaxIterations", "is not supported: pg's own limit holds", "Remove it")
  const promise = section.value("Promise")
  if (promise !== undefined && promise !== null && promise !== Promise) {
    section.wrong("Promise", "is not the native one", "Remove it")
  }
  if (section.value("sslnegotiation") === "direct") {
    section.wrong("sslnegotiation", "is direct, which is not supported", "Remove it: TLS is then asked for first")
  }
  const encoding = section.value("client_encoding")
  if (typeof encoding === "string" && !/^utf-?8$/i.test(encoding)) {
    section.wrong("client_encoding", "is not UTF8, and pg reads nothing else", "Remove it")
  }
}

/** Without the keys that nobody here knows, but for those that look like one that is known. */
function withoutStrangers(config: unknown): unknown {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return config
  const kept = Object.entries(config).filter(([key]) => PG_KEYS.includes(key) || closest(key, PG_KEYS) !== undefined)
  return Object.fromEntries(kept)
}

/** What it takes and gives is its author's word. */
function isHook(value: unknown): value is () => unknown {
  return typeof value === "function"
}

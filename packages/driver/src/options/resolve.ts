import type { Outcome } from "../failure/failure.ts"
import type { CircuitRules } from "../policy/circuit.ts"
import type { BuggifyPlan } from "../policy/strikes.ts"
import type { PoolOptions } from "../pool/pool-options.ts"
import type { ConnectedSession } from "../postgres/session.ts"
import type { ConnectionSettings } from "../postgres/settings.ts"
import type { Observer } from "../telemetry/events.ts"
import { logLine } from "../telemetry/log-line.ts"
import { resolveBuggify } from "./buggify.ts"
import { resolveCircuit } from "./circuit.ts"
import { Problems, Section, show, type Keys } from "./check.ts"
import { resolveConnection } from "./connection.ts"
import { deepFreeze } from "./deep-freeze.ts"
import type { Environment } from "./environment.ts"
import { resolvePool, resolveRetry, resolveTimeouts, type ResolvedRetry, type ResolvedTimeouts } from "./limits.ts"
import { resolveSqlComments, type ResolvedSqlComments } from "./sql-comments.ts"
import { thisSystem, type System } from "./system.ts"

/** The options with every default filled in, frozen. */
export interface ResolvedOptions {
  /** Or why nobody knows where to connect: the failure of the first operation. */
  readonly connection: Outcome<ConnectionSettings>
  readonly pool: PoolOptions
  readonly timeouts: ResolvedTimeouts
  readonly retry: ResolvedRetry
  /** Undefined: there is none. */
  readonly circuit: CircuitRules | undefined
  readonly resolution: "off" | "xid" | "marker"
  readonly resolveAutocommit: boolean
  readonly orphanedTransaction: "rollback" | "commit" | "discard"
  readonly onConnect: ((session: ConnectedSession) => Promise<void>) | undefined
  readonly callSites: boolean
  /** Undefined: host, port and database. */
  readonly name: string | undefined
  /** Undefined: statements say nothing of who sends them. */
  readonly sqlComments: ResolvedSqlComments | undefined
  readonly observer: Observer | undefined
  /** Told of noteworthy events only. */
  readonly log: Observer | undefined
  readonly buggify: BuggifyPlan | undefined
}

const DRIVER_KEYS: Keys = {
  known: [
    "connection",
    "pool",
    "timeouts",
    "retry",
    "resolution",
    "resolveAutocommit",
    "orphanedTransaction",
    "circuit",
    "onConnect",
    "callSites",
    "name",
    "sqlComments",
    "observer",
    "log",
    "buggify",
  ],
  hints: {
    connectionString: "Give it as connection",
    url: "Give it as connection",
    host: "Give it as connection: { host }",
    database: "Give it as connection: { database }",
    user: "Give it as connection: { user }",
    password: "Give it as connection: { password }",
    ssl: "Give it as connection: { ssl }",
    max: "Give it as pool: { max }",
    min: "Give it as pool: { min }",
    queryMs: "Give it as timeouts: { queryMs }",
    retries: "Give it as retry: { attemptsMax }; it counts the first try",
    cursor: "Remove it: streaming needs no pg-cursor here",
    onCreateConnection: "Write onConnect",
    sqlCommenter: "Write sqlComments",
    addSqlCommenterCommentToQueries: "Write sqlComments: true",
    onReserveConnection: "Remove it: onConnect is called once per physical connection",
    controlClient: "Remove it: cancellation needs no client of its own here",
  },
}

/**
 * Checks everything, fills in the defaults, and throws one `OptionsError` for all that is wrong. Connects to nothing.
 *
 * @param options `DriverOptions`, if their author kept to the types
 */
export function resolveOptions(options: unknown, env: Environment, system: System = thisSystem): ResolvedOptions {
  const problems = new Problems()
  const root = new Section(problems, "", options, DRIVER_KEYS)
  const connection = resolveConnection(root, env, system, problems)
  const retry = resolveRetry(root)
  const timeouts = resolveTimeouts(root, connection.connectMs)
  const resolved: ResolvedOptions = {
    connection: connection.settings,
    pool: resolvePool(root, retry.outageWaitMs),
    timeouts,
    retry,
    circuit: resolveCircuit(root, retry.outageWaitMs, timeouts.connectMs),
    resolution: root.choice("resolution", ["off", "xid", "marker"]) ?? "xid",
    resolveAutocommit: root.flag("resolveAutocommit") ?? true,
    orphanedTransaction: root.choice("orphanedTransaction", ["rollback", "commit", "discard"]) ?? "rollback",
    onConnect: root.callback("onConnect", isOnConnect),
    callSites: root.flag("callSites") ?? (env["NODE_ENV"] === "development" || env["NODE_ENV"] === "test"),
    name: resolveName(root),
    sqlComments: resolveSqlComments(root, connection.settings),
    observer: root.callback("observer", isObserver),
    log: resolveLog(root, system),
    buggify: resolveBuggify(root, env),
  }
  problems.throwIfAny()
  if (resolved.buggify !== undefined) {
    system.writeLine(
      `kysely-resilient: buggify is on (seed ${resolved.buggify.seed}): connections are broken on purpose`,
    )
  }
  return deepFreeze(resolved)
}

function resolveName(root: Section): string | undefined {
  const name = root.value("name")
  if (name === undefined || (typeof name === "string" && /^[\w .:/-]{1,63}$/.test(name))) return name
  return root.wrong("name", `is ${show(name)}`, "Give 1 to 63 letters, digits, spaces and . : / _ -")
}

function resolveLog(root: Section, system: System): Observer | undefined {
  const log = root.value("log")
  if (log === undefined || log === false) return undefined
  if (log !== true && !isObserver(log)) return root.wrong("log", `is ${show(log)}`, "Give true, false or a function")
  return (event) => {
    const line = logLine(event)
    if (line === undefined) return undefined
    // What it gives may be a promise that rejects: whoever combines observers looks after that.
    return log === true ? system.writeLine(line) : log(event)
  }
}

function isObserver(value: unknown): value is Observer {
  return typeof value === "function"
}

function isOnConnect(value: unknown): value is NonNullable<ResolvedOptions["onConnect"]> {
  return typeof value === "function"
}

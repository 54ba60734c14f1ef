import {
  DEFAULT_BACKOFF,
  type Backoff,
  type Decoding,
  type DriverOptions,
  type OptionsProblem,
  type Pace,
} from "@kysely-resilient/driver"
import type { KyselyPlugin } from "kysely"

import { decodingOf } from "./decoding.ts"
import { unrenamedInside } from "./inner-names.ts"
import { promised } from "./foundation/promised.ts"
import type { AlertOptions } from "./health/alerting.ts"
import { DEFAULT_THRESHOLDS, type HealthOptions, type Thresholds } from "./health/thresholds.ts"
import type { Hooks } from "./query/hooks.ts"
import type { ErrorSettings } from "./query/kit.ts"
import { serializePlugins } from "./query/serialize-plugin.ts"
import type { SchemaDefinition } from "./schema/define-schema.ts"

/** The driver's options, and what an application wants on top. Whatever is wrong in either throws one `OptionsError`. */
export interface DatabaseOptions<S = undefined> extends DriverOptions {
  /** The generated schema: its types become the database's. */
  readonly schema?: S
  /** Kysely plugins, for every query and for `db.kysely` too. */
  readonly plugins?: readonly KyselyPlugin[]
  readonly errors?: ErrorOptions
  /** What no Result can say. */
  readonly on?: Hooks
  /** From when on `db.health()` is worse than healthy. */
  readonly health?: HealthOptions
  /** Who is told when it becomes worse, or better. */
  readonly alerts?: AlertOptions
}

export interface ErrorOptions {
  /**
   * `redact`: no error quotes row data, in its message, fields, JSON or stack. `include`: the server's own words are in the
   * message, and what it sent is the `cause`; for development. Default `redact`.
   */
  readonly detail?: "redact" | "include"
  /** Errors say where the operation was called, which costs microseconds per operation. Default: on if NODE_ENV is `development` or `test`. */
  readonly callSite?: boolean
  /**
   * An Err that nobody looks at is reported, to `on.droppedError`; which costs microseconds per Err. Default: on if NODE_ENV is
   * `development` or `test`.
   */
  readonly reportDropped?: boolean
}

export interface ResolvedDatabaseOptions {
  readonly driver: DriverOptions
  readonly schema: SchemaDefinition | undefined
  /** How values are read; undefined: by the parsers of `pg`. */
  readonly decoding: Decoding | undefined
  readonly plugins: readonly KyselyPlugin[]
  readonly errors: ErrorSettings
  readonly hooks: Hooks
  readonly thresholds: Thresholds
  readonly alerts: AlertOptions
  readonly transactionMs: number
  readonly backoff: Readonly<Record<Pace, Backoff>>
}

/** As long as a person waits for a page; a statement that takes longer is asked for with its own `timeoutMs`. */
const QUERY_MS = 30_000

/** As long as a statement may take: a transaction that is open for longer blocks others and holds back vacuum. */
const TRANSACTION_MS = 30_000

type Environment = Readonly<Record<string, string | undefined>>

/** Takes out what is core's, and collects what is wrong with it; the driver checks the rest. */
export function readDatabaseOptions(
  options: DatabaseOptions<object | undefined>,
  env: Environment,
): { readonly resolved: ResolvedDatabaseOptions; readonly problems: readonly OptionsProblem[] } {
  if (!isRecord(options)) {
    const how = "Give an object, createDatabase({ connection: process.env.DATABASE_URL }), or nothing"
    return readProblem(
      problem(
        "options",
        `are ${Array.isArray(options) ? "an array" : options === null ? "null" : `a ${typeof options}`}`,
        how,
      ),
      env,
    )
  }
  const { schema, plugins, errors, on, health, alerts, ...driver } = options
  const good = isSchema(schema) && schemaProblems(schema).length === 0 ? schema : undefined
  // Last, where tables and columns have the database's own names.
  const serializing = good === undefined ? [] : serializePlugins(good)
  const resolved: ResolvedDatabaseOptions = {
    driver: withTimeouts(driver),
    schema: good,
    decoding: good && decodingOf(good),
    plugins: [...(Array.isArray(plugins) ? plugins : []), ...serializing],
    errors: {
      detail: errors?.detail ?? "redact",
      callSite: errors?.callSite ?? isDevelopment(env),
      reportDropped: errors?.reportDropped ?? isDevelopment(env),
    },
    hooks: on ?? {},
    thresholds: { ...DEFAULT_THRESHOLDS, ...health },
    alerts: alerts ?? {},
    backoff: backoffOf(driver.retry),
    transactionMs: driver.timeouts?.transactionMs ?? TRANSACTION_MS,
  }
  return {
    resolved,
    problems: [
      ...schemaProblems(schema),
      ...pluginProblems(plugins),
      ...nameProblems(good, plugins),
      ...errorProblems(errors),
      ...hookProblems(on),
      ...healthProblems(health),
      ...alertProblems(alerts),
    ],
  }
}

/** Nothing of what was given can be read. */
function readProblem(one: OptionsProblem, env: Environment): ReturnType<typeof readDatabaseOptions> {
  return { ...readDatabaseOptions({}, env), problems: [one] }
}

function withTimeouts(options: DriverOptions): DriverOptions {
  const timeouts: unknown = options.timeouts ?? {}
  // What is no object is the driver's to refuse.
  return isRecord(timeouts)
    ? { ...options, timeouts: { ...timeouts, queryMs: options.timeouts?.queryMs ?? QUERY_MS } }
    : options
}

function isDevelopment(env: Environment): boolean {
  return env.NODE_ENV === "development" || env.NODE_ENV === "test"
}

/** The same waits between runs of a transaction as between tries of a statement. */
function backoffOf(retry: DriverOptions["retry"]): ResolvedDatabaseOptions["backoff"] {
  const given = retry === false || !isRecord(retry) ? {} : retry
  return {
    slow: { ...DEFAULT_BACKOFF.slow, ...given.slow },
    quick: { ...DEFAULT_BACKOFF.quick, ...given.quick },
  }
}

// Types forbid all of the following, and JavaScript does not.

function schemaProblems(schema: unknown): OptionsProblem[] {
  if (schema === undefined) return []
  if (!isSchema(schema)) {
    return [problem("schema", "is no schema", "Give what defineSchema returned, which the generated file exports")]
  }
  const { policy, decoders = {} } = schema
  if (policy !== undefined && !(isRecord(policy) && isRecord(policy.choices) && isRecord(policy.custom))) {
    return [problem("schema.policy", "is no policy", "Give what policy() returned")]
  }
  if (!isRecord(decoders) || Object.keys(decoders).length === 0) return []
  if (policy === undefined) {
    return [problem("schema.decoders", "has no policy beside it", "Give defineSchema a policy: policy() will do")]
  }
  return policy.choices.json === "string"
    ? [problem("schema.decoders", 'contradicts the policy\'s json: "string"', "Leave out one of the two")]
    : []
}

function isSchema(schema: unknown): schema is SchemaDefinition {
  return isRecord(schema) && isRecord(schema.tables)
}

function pluginProblems(plugins: unknown): OptionsProblem[] {
  if (plugins === undefined) return []
  if (!Array.isArray(plugins)) return [problem("plugins", "is no array", "Give an array of Kysely plugins")]
  return plugins.flatMap((plugin: unknown, index) =>
    isPlugin(plugin)
      ? []
      : problem(`plugins[${index}]`, "is no Kysely plugin", "Give an object with transformQuery and transformResult"),
  )
}

function nameProblems(schema: SchemaDefinition | undefined, plugins: unknown): OptionsProblem[] {
  const columns = schema === undefined || !Array.isArray(plugins) ? [] : unrenamedInside(schema, plugins)
  if (columns.length === 0) return []
  return [
    problem(
      "plugins",
      `has a CamelCasePlugin that leaves what is inside of values alone, and the schema's types of ${columns.join(", ")} do not`,
      'Leave out maintainNestedObjectKeys, or generate with composite: "string"',
    ),
  ]
}

function errorProblems(errors: unknown): OptionsProblem[] {
  if (errors === undefined) return []
  if (!isRecord(errors)) return [problem("errors", "is no object", "Give an object, or leave it out")]
  const { detail, callSite, reportDropped } = errors
  const problems = unknownKeys("errors", errors, ["detail", "callSite", "reportDropped"])
  if (detail !== undefined && detail !== "redact" && detail !== "include") {
    problems.push(problem("errors.detail", "is neither of its two values", 'Give "redact" or "include"'))
  }
  if (callSite !== undefined && typeof callSite !== "boolean") {
    problems.push(problem("errors.callSite", "is neither true nor false", "Give true or false"))
  }
  if (reportDropped !== undefined && typeof reportDropped !== "boolean") {
    problems.push(problem("errors.reportDropped", "is neither true nor false", "Give true or false"))
  }
  return problems
}

function hookProblems(on: unknown): OptionsProblem[] {
  if (on === undefined) return []
  if (!isRecord(on)) return [problem("on", "is no object", "Give an object of functions, or leave it out")]
  const names = ["defect", "droppedError"]
  const wrong = names.filter((name) => on[name] !== undefined && typeof on[name] !== "function")
  return [
    ...unknownKeys("on", on, names),
    ...wrong.map((name) => problem(`on.${name}`, "is no function", "Give a function")),
  ]
}

function healthProblems(health: unknown): OptionsProblem[] {
  if (health === undefined) return []
  if (!isRecord(health)) return [problem("health", "is no object", "Give an object, or leave it out")]
  const problems = unknownKeys("health", health, Object.keys(DEFAULT_THRESHOLDS))
  for (const [name, value] of Object.entries(health)) {
    if (value === undefined || !(name in DEFAULT_THRESHOLDS)) continue
    const share = name === "successRateMin"
    if (typeof value === "number" && value >= 0 && (!share || value <= 1)) continue
    const what = share ? "is no share between 0 and 1" : "is no number of 0 or more"
    problems.push(
      problem(`health.${name}`, what, `Leave it out for ${DEFAULT_THRESHOLDS[promised<keyof Thresholds>(name)]}`),
    )
  }
  return problems
}

function alertProblems(alerts: unknown): OptionsProblem[] {
  if (alerts === undefined) return []
  if (!isRecord(alerts)) return [problem("alerts", "is no object", "Give an object, or leave it out")]
  const { callback, logger, webhook } = alerts
  const problems = unknownKeys("alerts", alerts, ["callback", "logger", "webhook"])
  if (callback !== undefined && typeof callback !== "function") {
    problems.push(problem("alerts.callback", "is no function", "Give a function that takes an alert"))
  }
  if (logger !== undefined && !isLogger(logger)) {
    problems.push(problem("alerts.logger", "is no logger", "Give an object with the methods info, warn and error"))
  }
  const { url, ...rest }: Readonly<Record<string, unknown>> = isRecord(webhook) ? webhook : { url: webhook }
  if (webhook !== undefined && (typeof url !== "string" || !/^https?:/.test(url) || !URL.canParse(url))) {
    // Not shown: webhooks carry their secret in their URL.
    problems.push(problem("alerts.webhook", "has no URL that can be posted to", "Give an http: or https: URL"))
  }
  problems.push(...unknownKeys("alerts.webhook", rest, ["headers", "cooldownMs", "timeoutMs"]))
  for (const name of ["cooldownMs", "timeoutMs"]) {
    const value = rest[name]
    if (value === undefined || (typeof value === "number" && value >= 0)) continue
    problems.push(problem(`alerts.webhook.${name}`, "is no time", "Give milliseconds, 0 or more"))
  }
  return problems
}

function isLogger(value: unknown): boolean {
  return isRecord(value) && ["info", "warn", "error"].every((level) => typeof value[level] === "function")
}

function unknownKeys(
  path: string,
  section: Readonly<Record<string, unknown>>,
  known: readonly string[],
): OptionsProblem[] {
  const unknown = Object.keys(section).filter((key) => !known.includes(key))
  return unknown.map((key) => problem(`${path}.${key}`, "there is no such option", `Known here: ${known.join(", ")}`))
}

function problem(path: string, what: string, hint: string): OptionsProblem {
  return { path, problem: what, hint }
}

function isPlugin(value: unknown): boolean {
  return isRecord(value) && typeof value.transformQuery === "function" && typeof value.transformResult === "function"
}

function isRecord<T>(value: T): value is T & Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

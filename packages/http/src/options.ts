import { OptionsError } from "@kysely-resilient/core"
import type { OptionsProblem } from "@kysely-resilient/driver"

/** Any registry of Prometheus metrics, as that of `prom-client` is one. */
export interface MetricsRegistry {
  readonly contentType: string
  metrics(): string | Promise<string>
}

/** A promise; or a ResultAsync, which is nearly one. */
export interface Startup {
  then(fulfilled: (value: unknown) => unknown, rejected: (reason: unknown) => unknown): unknown
}

/** What may be asked for from outside, by `POST …/actions/<name>`. */
export interface Action {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string
  /** For people. */
  readonly title: string
  /** What whoever presses it should know first; the page says it above the buttons, once for all that say the same. */
  readonly about?: string
  /** Starts it; what it returns is told the caller, unless it is nothing. What it throws is not. */
  readonly run: () => unknown
}

export interface HandlerOptions {
  /** Where the report is; the stream, the page and the actions are below. Default `/api/database-resilience`. */
  readonly basePath?: string
  /** `false`: no probes. Default `/livez`, `/readyz`, `/startupz`. */
  readonly probes?: false | { readonly live?: string; readonly ready?: string; readonly startup?: string }
  /** Served as Prometheus wants it. Default: none, and no such path. */
  readonly metrics?: MetricsRegistry
  /** Default `/metrics`. */
  readonly metricsPath?: string
  /**
   * `full`: everybody may see everything. `status`: whoever is not authorised sees the status only. Default: `full` if NODE_ENV is `development`
   * or `test`, else `status`; in production `full` is refused.
   */
  readonly expose?: "status" | "full"
  /** Whoever shows it may see everything: `Authorization: Bearer …`, and browsers on the page. At least 16 characters. */
  readonly token?: string | undefined
  /** Whether whoever sent this may see everything. Nothing but `true` is a yes; it has five seconds. */
  readonly authorize?: (request: Request) => boolean | Promise<boolean>
  /** What a critical status is answered with. Default 503. */
  readonly criticalStatus?: number
  readonly readiness?: {
    /** Not ready while the status is critical: takes out of service every instance at once. Default false. */
    readonly includeDatabase?: boolean
    /** Draining from SIGTERM on, in a process that has a listener for it. Default true. */
    readonly drainOnSigterm?: boolean
  }
  /**
   * Started when a first connection was had, and this is fulfilled too (with an Err: never). `false`: started from the first moment. Default: when
   * a connection was had, which is asked for at once.
   */
  readonly startup?: false | Startup
  /** Default: none. */
  readonly actions?: readonly Action[]
  /** Streams at once. Default 10. */
  readonly streamClientsMax?: number
  /**
   * While somebody watches the stream, the server is asked about itself every five seconds, in the background, over one connection of the
   * pool; never while others wait for one. `false`: never, and the page shows nothing of the server. Default true.
   */
  readonly askServer?: boolean
}

export interface ResolvedHandlerOptions {
  readonly basePath: string
  readonly probes: { readonly live: string; readonly ready: string; readonly startup: string } | undefined
  readonly metrics: MetricsRegistry | undefined
  readonly metricsPath: string
  readonly open: boolean
  readonly token: string | undefined
  readonly authorize: HandlerOptions["authorize"]
  readonly criticalStatus: number
  readonly includeDatabase: boolean
  readonly drainOnSigterm: boolean
  readonly startup: false | Startup | undefined
  readonly actions: readonly Action[]
  readonly streamClientsMax: number
  readonly askServer: boolean
}

const BASE_PATH = "/api/database-resilience"
const METRICS_PATH = "/metrics"
const PROBES = { live: "/livez", ready: "/readyz", startup: "/startupz" }

/** A page and a terminal for each of a few people; more is a mistake, or somebody who means no good. */
const STREAM_CLIENTS_MAX = 10

/** Nobody guesses that. */
const TOKEN_LENGTH_MIN = 16

const KNOWN = [
  "basePath",
  "probes",
  "metrics",
  "metricsPath",
  "expose",
  "token",
  "authorize",
  "criticalStatus",
  "readiness",
  "startup",
  "actions",
  "streamClientsMax",
  "askServer",
] as const satisfies readonly (keyof HandlerOptions)[]

type Environment = Readonly<Record<string, string | undefined>>

/** @throws {OptionsError} with everything that is wrong */
export function readHandlerOptions(options: HandlerOptions, env: Environment): ResolvedHandlerOptions {
  const problems = handlerProblems(options, env)
  if (problems.length > 0) throw new OptionsError(problems)
  const { probes, readiness } = options
  return {
    basePath: withoutEnd(options.basePath ?? BASE_PATH),
    probes: probes === false ? undefined : { ...PROBES, ...definedOf(probes ?? {}) },
    metrics: options.metrics,
    metricsPath: withoutEnd(options.metricsPath ?? METRICS_PATH),
    open: (options.expose ?? (isDevelopment(env) && !hasKey(options) ? "full" : "status")) === "full",
    token: options.token,
    authorize: options.authorize,
    criticalStatus: options.criticalStatus ?? 503,
    includeDatabase: readiness?.includeDatabase ?? false,
    drainOnSigterm: readiness?.drainOnSigterm ?? true,
    startup: options.startup,
    actions: options.actions ?? [],
    streamClientsMax: options.streamClientsMax ?? STREAM_CLIENTS_MAX,
    askServer: options.askServer ?? true,
  }
}

function isDevelopment(env: Environment): boolean {
  return env["NODE_ENV"] === "development" || env["NODE_ENV"] === "test"
}

/** Who says how to authorise wants it tried in development too. */
function hasKey({ token, authorize }: HandlerOptions): boolean {
  return token !== undefined || authorize !== undefined
}

/** A path with slashes at its end means the same without. */
export function withoutEnd(path: string): string {
  let end = path.length
  while (end > 1 && path.charCodeAt(end - 1) === 47) end -= 1
  return path.slice(0, end)
}

function definedOf<T extends object>(some: T): Partial<T> {
  const defined: Partial<T> = { ...some }
  for (const key of Object.keys(defined))
    if (Reflect.get(defined, key) === undefined) Reflect.deleteProperty(defined, key)
  return defined
}

// Types forbid most of the following, and JavaScript does not.

export function handlerProblems(options: unknown, env: Environment): OptionsProblem[] {
  if (!isRecord(options)) return [problem("options", "is no object", "Give an object, or leave it out")]
  return [
    ...unknownKeys("", options, KNOWN),
    ...pathProblems(options),
    ...keyProblems(options, env),
    ...readinessProblems(options["readiness"]),
    ...actionProblems(options["actions"]),
    ...metricsProblems(options["metrics"]),
    ...numberProblem("criticalStatus", options["criticalStatus"], 200, 599),
    ...numberProblem("streamClientsMax", options["streamClientsMax"], 0, 10_000),
    ...startupProblems(options["startup"]),
    ...askProblems(options["askServer"]),
  ]
}

function askProblems(askServer: unknown): OptionsProblem[] {
  return askServer === undefined || typeof askServer === "boolean"
    ? []
    : [problem("askServer", "is neither true nor false", "Give a boolean, or leave it out")]
}

function pathProblems(options: Readonly<Record<string, unknown>>): OptionsProblem[] {
  const probes = options["probes"]
  const given: [string, unknown][] = [
    ["basePath", options["basePath"]],
    ["metricsPath", options["metricsPath"]],
  ]
  if (isRecord(probes)) {
    for (const name of Object.keys(PROBES)) given.push([`probes.${name}`, probes[name]])
  }
  const problems = given.flatMap(([path, value]) =>
    value === undefined || isPath(value)
      ? []
      : [problem(path, "is no path", "Give one as /database, with a slash first and neither ? nor #")],
  )
  if (probes === undefined || probes === false) return problems
  if (!isRecord(probes)) return [...problems, problem("probes", "is no object", "Give an object of paths, or false")]
  return [...problems, ...unknownKeys("probes.", probes, Object.keys(PROBES))]
}

function isPath(value: unknown): value is string {
  return typeof value === "string" && /^\/[^?#\s]+$/.test(value) && withoutEnd(value) !== "/"
}

function keyProblems(options: Readonly<Record<string, unknown>>, env: Environment): OptionsProblem[] {
  const problems: OptionsProblem[] = []
  const { expose, token, authorize } = options
  if (expose !== undefined && expose !== "status" && expose !== "full") {
    problems.push(problem("expose", "is neither of its two values", 'Give "status" or "full"'))
  }
  if (expose === "full" && env["NODE_ENV"] === "production") {
    const why = "shows everybody everything, and NODE_ENV is production: behind a proxy all callers look alike"
    problems.push(problem("expose", why, "Give a token, or authorize: a function that says who may see it"))
  }
  if (token !== undefined && !(typeof token === "string" && token.length >= TOKEN_LENGTH_MIN && !/\s/.test(token))) {
    const hint = `Give at least ${TOKEN_LENGTH_MIN} characters without spaces, as \`openssl rand -base64 32\` makes them`
    problems.push(problem("token", "can be guessed, or cannot be sent", hint))
  }
  if (authorize !== undefined && typeof authorize !== "function") {
    problems.push(problem("authorize", "is no function", "Give a function that takes a Request and returns a boolean"))
  }
  return problems
}

function readinessProblems(readiness: unknown): OptionsProblem[] {
  if (readiness === undefined) return []
  if (!isRecord(readiness)) return [problem("readiness", "is no object", "Give an object, or leave it out")]
  const known = ["includeDatabase", "drainOnSigterm"]
  const wrong = known.filter((name) => readiness[name] !== undefined && typeof readiness[name] !== "boolean")
  return [
    ...unknownKeys("readiness.", readiness, known),
    ...wrong.map((name) => problem(`readiness.${name}`, "is neither true nor false", "Give true or false")),
  ]
}

function actionProblems(actions: unknown): OptionsProblem[] {
  if (actions === undefined) return []
  if (!Array.isArray(actions)) return [problem("actions", "is no array", "Give an array of { name, title, run }")]
  const given: readonly unknown[] = actions
  const names = given.map((action) => (isRecord(action) ? action["name"] : undefined))
  return given.flatMap((action, index) => {
    const path = `actions[${index}]`
    if (!isRecord(action)) return [problem(path, "is no object", "Give { name, title, run }")]
    const { name, title, run } = action
    const problems: OptionsProblem[] = []
    if (typeof name !== "string" || !/^[a-z\d]+(?:-[a-z\d]+)*$/.test(name)) {
      problems.push(problem(`${path}.name`, "cannot be the end of a path", "Give lower-case letters, digits, hyphens"))
    } else if (names.indexOf(name) !== index) {
      problems.push(problem(`${path}.name`, "is that of another action", "Give each a name of its own"))
    }
    if (typeof title !== "string") problems.push(problem(`${path}.title`, "is no text", "Say what it does"))
    if (typeof run !== "function") problems.push(problem(`${path}.run`, "is no function", "Give a function"))
    return problems
  })
}

function metricsProblems(metrics: unknown): OptionsProblem[] {
  if (metrics === undefined) return []
  const good =
    isRecord(metrics) && typeof metrics["metrics"] === "function" && typeof metrics["contentType"] === "string"
  return good ? [] : [problem("metrics", "is no registry", "Give one of prom-client, or { contentType, metrics() }")]
}

function startupProblems(startup: unknown): OptionsProblem[] {
  if (startup === undefined || startup === false) return []
  if (typeof startup === "object" && startup !== null && "then" in startup && typeof startup.then === "function")
    return []
  return [problem("startup", "is neither a promise nor false", "Give the promise of what has to be done first")]
}

function numberProblem(path: string, value: unknown, min: number, max: number): OptionsProblem[] {
  if (value === undefined || (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max))
    return []
  return [problem(path, "is out of range", `Give a whole number from ${min} to ${max}`)]
}

export function unknownKeys(
  prefix: string,
  section: Readonly<Record<string, unknown>>,
  known: readonly string[],
): OptionsProblem[] {
  const unknown = Object.keys(section).filter((key) => !known.includes(key))
  return unknown.map((key) => problem(`${prefix}${key}`, "there is no such option", `Known here: ${known.join(", ")}`))
}

export function problem(path: string, what: string, hint: string): OptionsProblem {
  return { path, problem: what, hint }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

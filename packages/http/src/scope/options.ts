import { OptionsError, type ScopeReport } from "@kysely-resilient/core"
import type { OptionsProblem } from "@kysely-resilient/driver"

import { isRecord, problem, unknownKeys } from "../options.ts"

/** What a request left behind, or did again and again. */
export interface RequestReport extends ScopeReport {
  readonly method: string
  /** Without its query. */
  readonly path: string
}

export interface RequestOptions {
  /** One deadline over everything that a request asks of the database, milliseconds. Default: none besides those of each operation. */
  readonly timeoutMs?: number
  /**
   * A header that says how long its sender will wait (`grpc-timeout`, `x-envoy-expected-rq-timeout-ms`): it can only shorten. Only for callers that are
   * trusted. Default: none.
   */
  readonly deadlineHeader?: string
  /** Requests are answered 503 at once while the circuit is open, without being begun. Default true. */
  readonly failFast?: boolean
  /** Paths that are begun though the circuit is open, because they do not need the database. Default: none. */
  readonly exempt?: (path: string) => boolean
  /** Finds reads that a request does again and again. Default: if NODE_ENV is `development` or `test`. */
  readonly watchRepetitions?: boolean
  /**
   * How long what is open when a response has been sent may go on, milliseconds: a COMMIT that is on its way, a `finally`. Then it is ended, and
   * told. Default 1,000.
   */
  readonly graceMs?: number
  /** Told of what was left behind, and of repetitions. What it throws is dropped. Default: a process warning, once for each place. */
  readonly onReport?: (report: RequestReport) => void
}

export interface ResolvedRequestOptions {
  readonly timeoutMs: number | undefined
  readonly deadlineHeader: string | undefined
  readonly failFast: boolean
  readonly exempt: (path: string) => boolean
  readonly watchRepetitions: boolean
  readonly graceMs: number
  readonly onReport: ((report: RequestReport) => void) | undefined
}

const GRACE_MS = 1_000

const KNOWN = [
  "timeoutMs",
  "deadlineHeader",
  "failFast",
  "exempt",
  "watchRepetitions",
  "graceMs",
  "onReport",
] as const satisfies readonly (keyof RequestOptions)[]

/** @throws {OptionsError} with everything that is wrong */
export function readRequestOptions(
  options: RequestOptions,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedRequestOptions {
  const problems = requestProblems(options)
  if (problems.length > 0) throw new OptionsError(problems)
  const development = env["NODE_ENV"] === "development" || env["NODE_ENV"] === "test"
  return {
    timeoutMs: options.timeoutMs,
    deadlineHeader: options.deadlineHeader?.toLowerCase(),
    failFast: options.failFast ?? true,
    exempt: options.exempt ?? ((): boolean => false),
    watchRepetitions: options.watchRepetitions ?? development,
    graceMs: options.graceMs ?? GRACE_MS,
    onReport: options.onReport,
  }
}

// Types forbid all of the following, and JavaScript does not.

export function requestProblems(options: unknown): OptionsProblem[] {
  if (!isRecord(options)) return [problem("requests", "is no object", "Give an object, or leave it out")]
  const problems = unknownKeys("requests.", options, KNOWN)
  const { timeoutMs, graceMs, deadlineHeader } = options
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0)) {
    problems.push(problem("requests.timeoutMs", "is no time", "Give milliseconds above 0"))
  }
  if (graceMs !== undefined && !(typeof graceMs === "number" && graceMs >= 0)) {
    problems.push(problem("requests.graceMs", "is no time", "Give milliseconds, 0 or more"))
  }
  if (deadlineHeader !== undefined && !(typeof deadlineHeader === "string" && /^[\w-]+$/.test(deadlineHeader))) {
    problems.push(problem("requests.deadlineHeader", "is no name of a header", "Give one, as grpc-timeout"))
  }
  for (const name of ["failFast", "watchRepetitions"]) {
    const value = options[name]
    if (value === undefined || typeof value === "boolean") continue
    problems.push(problem(`requests.${name}`, "is neither true nor false", "Give true or false"))
  }
  for (const name of ["exempt", "onReport"]) {
    const value = options[name]
    if (value === undefined || typeof value === "function") continue
    problems.push(problem(`requests.${name}`, "is no function", "Give a function"))
  }
  return problems
}

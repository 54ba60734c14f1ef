import { deadlineAfter, systemClock, type Clock, type Configuration, type Engine } from "@kysely-resilient/driver"
import { err, ok, ResultAsync, type Result } from "neverthrow"

import { adviceOf, worstFirst, type Advice } from "./advice/advice.ts"
import { Asking, errorFrom, type Unsettled } from "./advice/asking.ts"
import {
  DEFAULT_LIMITS,
  type Examined,
  type Facts,
  type Pings,
  type ServerLimits,
  type Unseen,
} from "./advice/examined.ts"
import { SERVER_RULES } from "./advice/server-rules.ts"
import { engineOf } from "./engines.ts"
import type { QueryError } from "./errors/database-error.ts"
import { localFailure } from "./errors/local-failure.ts"
import { toDatabaseError } from "./errors/to-database-error.ts"

export interface ExamineOptions {
  /** How many processes like this one run at once: their pools add up. Default 1. */
  readonly replicas?: number
  /**
   * What may be lived with in development is a warning, or critical, in production. Default: `development` if the server is on this
   * machine, else `production`.
   */
  readonly environment?: "development" | "production"
  /** Only reads are wanted of this server: a standby is fine. Default false. */
  readonly readOnly?: boolean
  /** From when on something is told. */
  readonly limits?: Partial<ServerLimits>
  /** Codes that are not wanted. */
  readonly ignore?: readonly string[]
  /** The whole of it, milliseconds. Default 5,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** What an examination found. */
export interface Examination {
  /** Worst first; empty if all is well. */
  readonly advice: readonly Advice[]
  /** The codes of all rules that were asked, those that had nothing to say included. */
  readonly checked: readonly string[]
  /** Those that could not be: their silence says nothing. Empty if all was answered. */
  readonly unchecked: readonly Unchecked[]
  readonly facts: Facts
  readonly pings: Pings
  /** How the client is set up, without a secret. */
  readonly configuration: Configuration
  readonly tookMs: number
}

/** A rule that could not be asked, for what it judges was asked in vain. */
export interface Unchecked extends Pick<Unseen, "what" | "why"> {
  readonly code: string
}

const TIMEOUT_MS = 5_000

/**
 * Asks the server, over one connection of the database's pool, what may go wrong with it, and says what to do about it: settings, limits,
 * role, tables and indexes, who waits for whom, how far away it is. Reads only, in a read-only transaction, within `timeoutMs` (5,000).
 * What its role may not see is not judged, and told as `LIMITED_VIEW`; what could not be asked at all (the session ended, a catalogue was
 * locked, time was up) is in `unchecked`, and why in `facts.unseen`.
 *
 * ```ts
 * const examined = await examine(db, { replicas: 4 })
 * if (examined.isOk()) for (const { severity, code, message, sql } of examined.value.advice) console.log(severity, code, message, sql)
 * ```
 */
export function examine(database: object, options: ExamineOptions = {}): ResultAsync<Examination, QueryError> {
  const engine = engineOf(database)
  if (engine === undefined) {
    return new ResultAsync(
      Promise.resolve(err(refused("This is no database of createDatabase, or one of another copy"))),
    )
  }
  return new ResultAsync(examineEngine(engine, options))
}

/** The same for what a database stands on; tests bring a clock. */
export async function examineEngine(
  engine: Engine,
  options: ExamineOptions,
  clock: Clock = systemClock,
): Promise<Result<Examination, QueryError>> {
  const wrong = problemOf(options)
  if (wrong !== undefined) return err(refused(wrong))
  const startedAt = clock.now()
  const lease = engine.lease()
  const asking = new Asking(lease, clock, deadlineAfter(clock, options.timeoutMs ?? TIMEOUT_MS), options.signal)
  const pings = await asking.ping()
  const facts = await asking.collect()
  await lease.release()
  if (facts === undefined) return err(errorOf(asking.trouble))
  const configuration = engine.configuration()
  const examined = {
    ...facts,
    configuration,
    pooled: engine.snapshot().server?.pooled === true,
    pings,
    ...circumstances(configuration, options),
    at: clock.wallTime(),
  }
  const tookMs = Math.round(clock.now() - startedAt)
  return ok({ ...judged(examined, options), facts, pings, configuration, tookMs })
}

/** Every rule about servers, on what is known. */
function judged(examined: Examined, options: ExamineOptions): Pick<Examination, "advice" | "checked" | "unchecked"> {
  const unwanted = new Set([...(options.ignore ?? []), ...(options.readOnly === true ? ["SERVER_READ_ONLY"] : [])])
  const rules = SERVER_RULES.filter(({ code }) => !unwanted.has(code))
  const advice: Advice[] = []
  const checked: string[] = []
  const unchecked: Unchecked[] = []
  for (const { code, needs = [], find } of rules) {
    const finding = find(examined)
    const missing = examined.unseen.find(({ what }) => needs.includes(what))
    if (finding !== undefined) advice.push(adviceOf(code, finding, examined.at))
    // What is known may be enough to speak; to be silent it is not.
    if (finding !== undefined || missing === undefined) checked.push(code)
    else unchecked.push({ code, what: missing.what, why: missing.why })
  }
  return { advice: worstFirst(advice), checked, unchecked }
}

function circumstances(
  { connection }: Configuration,
  { replicas = 1, environment, limits }: ExamineOptions,
): Pick<Examined, "local" | "production" | "replicas" | "limits"> {
  const local = connection !== undefined && isLocal(connection.host)
  const production = environment === undefined ? !local : environment === "production"
  return { local, production, replicas, limits: { ...DEFAULT_LIMITS, ...limits } }
}

/** A Unix socket, or an address that leads back. */
export function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host.startsWith("127.") || host === "::1"
}

// Types forbid the following, and JavaScript does not.
function problemOf({ replicas = 1, timeoutMs = TIMEOUT_MS, environment }: ExamineOptions): string | undefined {
  if (!Number.isSafeInteger(replicas) || replicas < 1) return "replicas must be a whole number, 1 or more"
  if (!(timeoutMs >= 1)) return "timeoutMs must be milliseconds, 1 or more"
  const known: readonly unknown[] = [undefined, "development", "production"]
  return known.includes(environment) ? undefined : 'environment must be "development" or "production"'
}

function errorOf(trouble: Unsettled | undefined): QueryError {
  return trouble === undefined
    ? refused("The server's answers were changed on their way, by a pooler or by the schema's policy")
    : errorFrom(trouble)
}

function refused(why: string): QueryError {
  return toDatabaseError(localFailure("refused", why), { detail: "redact", attempts: 0 })
}

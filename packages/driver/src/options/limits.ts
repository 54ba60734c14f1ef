import { DEFAULT_BACKOFF, type Backoff } from "../policy/backoff.ts"
import { DEFAULT_BUDGET, type RetryBudget } from "../policy/budget.ts"
import type { PoolOptions } from "../pool/pool-options.ts"
import type { SheddingRules } from "../pool/shedding.ts"
import { LONGEST_MS, type Keys, type Section } from "./check.ts"

export interface ResolvedTimeouts {
  readonly connectMs: number
  readonly queryMs: number | undefined
  readonly cancelMs: number
  readonly transactionMs: number | undefined
  readonly heldTooLongMs: number | undefined
  /** Undefined: nobody watches. */
  readonly stallMs: number | undefined
}

export interface ResolvedRetry {
  readonly enabled: boolean
  readonly attemptsMax: number
  readonly slow: Backoff
  readonly quick: Backoff
  readonly outageWaitMs: number
  /** Undefined: there is none. */
  readonly budget: RetryBudget | undefined
}

/** A wait must end, and a limit of nothing is none. */
const SOME_TIME = { least: 1, most: LONGEST_MS }
const ANY_TIME = { least: 0, most: LONGEST_MS }

/** PostgreSQL's own bound of max_connections. */
const CONNECTIONS_MAX = 262_143

const POOL_KEYS: Keys = {
  known: [
    "min",
    "max",
    "acquireTimeoutMs",
    "waitersMax",
    "idleTimeoutMs",
    "maxLifetimeMs",
    "validateAfterIdleMs",
    "keepAlive",
    "shedding",
  ],
  hints: {
    idleTimeoutMillis: "Write idleTimeoutMs",
    connectionTimeoutMillis: "Write acquireTimeoutMs here, and timeouts: { connectMs } beside pool",
    maxLifetimeSeconds: "Write maxLifetimeMs, in milliseconds",
    maxUses: "Write maxLifetimeMs",
    allowExitOnIdle: "Remove it: idle connections never keep the process alive, unless keepAlive: true",
    connectionString: "Give it as connection",
    outageWaitMs: "Give it as retry: { outageWaitMs }",
  },
}

/** @param outageWaitMs from the retry options: it is the pool that waits */
export function resolvePool(root: Section, outageWaitMs: number): PoolOptions {
  const given = root.value("pool")
  if (isPool(given)) {
    root.wrong(
      "pool",
      "is a connection pool, and this driver has its own",
      "Give its settings: connection, and pool: { max }",
    )
  }
  const pool = root.section("pool", POOL_KEYS)
  const max = pool.count("max", { least: 1, most: CONNECTIONS_MAX })
  const min = pool.count("min", { least: 0, most: CONNECTIONS_MAX })
  refuseCrossed(pool, ["min", min], ["max", max], DEFAULT_POOL.max)
  return {
    // A small `max` alone is no contradiction.
    min: min ?? Math.min(DEFAULT_POOL.min, max ?? DEFAULT_POOL.max),
    max: max ?? DEFAULT_POOL.max,
    acquireTimeoutMs: pool.durationMs("acquireTimeoutMs", SOME_TIME) ?? DEFAULT_POOL.acquireTimeoutMs,
    waitersMax: pool.count("waitersMax", { least: 0, most: 10_000_000 }) ?? DEFAULT_POOL.waitersMax,
    idleTimeoutMs: pool.durationMs("idleTimeoutMs", SOME_TIME) ?? DEFAULT_POOL.idleTimeoutMs,
    maxLifetimeMs: pool.durationMs("maxLifetimeMs", SOME_TIME) ?? DEFAULT_POOL.maxLifetimeMs,
    validateAfterIdleMs: pool.durationMs("validateAfterIdleMs", ANY_TIME) ?? DEFAULT_POOL.validateAfterIdleMs,
    keepAlive: pool.flag("keepAlive") ?? false,
    shedding: resolveShedding(pool),
    outageWaitMs,
  }
}

const SHEDDING_KEYS: Keys = { known: ["targetMs", "intervalMs"] }

/** Longer than what a burst takes, and a wait that hardly anybody notices. */
const DEFAULT_SHEDDING: SheddingRules = { targetMs: 100, intervalMs: 1_000 }

function resolveShedding(pool: Section): SheddingRules | undefined {
  const given = pool.value("shedding")
  if (given === undefined || given === false) return undefined
  if (given === true) {
    pool.wrong("shedding", "is true", "Give an object; {} for the defaults")
    return undefined
  }
  const shedding = pool.section("shedding", SHEDDING_KEYS)
  return {
    targetMs: shedding.durationMs("targetMs", SOME_TIME) ?? DEFAULT_SHEDDING.targetMs,
    intervalMs: shedding.durationMs("intervalMs", SOME_TIME) ?? DEFAULT_SHEDDING.intervalMs,
  }
}

/** `max`: a web process rarely uses more at once, and a server's default allows 100 in all. `waitersMax` bounds memory, some 100 MB. */
const DEFAULT_POOL = {
  min: 2,
  max: 20,
  acquireTimeoutMs: 30_000,
  waitersMax: 100_000,
  idleTimeoutMs: 30_000,
  maxLifetimeMs: 1_800_000,
  validateAfterIdleMs: 5_000,
} as const

const TIMEOUT_KEYS: Keys = {
  known: ["connectMs", "queryMs", "cancelMs", "transactionMs", "heldTooLongMs", "stallMs"],
  hints: {
    acquireMs: "Give it as pool: { acquireTimeoutMs }",
    idleMs: "Give it as pool: { idleTimeoutMs }",
    statementMs: "Write queryMs",
  },
}

/** `connect_timeout` from the connection string or PGCONNECT_TIMEOUT is weaker than the option. */
export function resolveTimeouts(root: Section, connectMsGiven: number | undefined): ResolvedTimeouts {
  const timeouts = root.section("timeouts", TIMEOUT_KEYS)
  return {
    connectMs: timeouts.durationMs("connectMs", SOME_TIME) ?? connectMsGiven ?? 5_000,
    queryMs: timeouts.durationMs("queryMs", SOME_TIME),
    cancelMs: timeouts.durationMs("cancelMs", SOME_TIME) ?? 1_000,
    transactionMs: timeouts.durationMs("transactionMs", SOME_TIME),
    // Whatever an open transaction blocks has waited long by then, and callers of a service have not given up yet.
    heldTooLongMs: (timeouts.durationMs("heldTooLongMs", ANY_TIME) ?? 10_000) || undefined,
    // TCP has sent a lost packet again twice by then, and most statements have been answered long before.
    stallMs: (timeouts.durationMs("stallMs", ANY_TIME) ?? 1_000) || undefined,
  }
}

const RETRY_KEYS: Keys = {
  known: ["attemptsMax", "slow", "quick", "outageWaitMs", "budget"],
  hints: {
    maxAttempts: "Write attemptsMax; it counts the first try",
    retries: "Write attemptsMax; it counts the first try",
  },
}
const BACKOFF_KEYS: Keys = { known: ["baseMs", "maxMs"] }

const BUDGET_KEYS: Keys = { known: ["ratio", "burst"] }

const OUTAGE_WAIT_MS = 5_000

/** `false` also gives up waiting for a server that cannot be reached: the first failed opening is the answer. */
export function resolveRetry(root: Section): ResolvedRetry {
  if (root.value("retry") === false) {
    return {
      enabled: false,
      attemptsMax: 1,
      slow: { ...DEFAULT_BACKOFF.slow },
      quick: { ...DEFAULT_BACKOFF.quick },
      outageWaitMs: 0,
      budget: undefined,
    }
  }
  if (root.value("retry") === true)
    root.wrong("retry", "is true", "Leave it out for the defaults, or give an object or false")
  const retry = root.value("retry") === true ? undefined : root.section("retry", RETRY_KEYS)
  return {
    enabled: true,
    attemptsMax: retry?.count("attemptsMax", { least: 1, most: 100 }) ?? 3,
    slow: resolveBackoff(retry?.section("slow", BACKOFF_KEYS), DEFAULT_BACKOFF.slow),
    quick: resolveBackoff(retry?.section("quick", BACKOFF_KEYS), DEFAULT_BACKOFF.quick),
    outageWaitMs: retry?.durationMs("outageWaitMs", ANY_TIME) ?? OUTAGE_WAIT_MS,
    budget: retry === undefined ? { ...DEFAULT_BUDGET } : resolveBudget(retry),
  }
}

function resolveBudget(retry: Section): RetryBudget | undefined {
  if (retry.value("budget") === false) return undefined
  const budget = retry.section("budget", BUDGET_KEYS)
  return {
    ratio: budget.ratio("ratio", { least: 0, most: 100 }) ?? DEFAULT_BUDGET.ratio,
    burst: budget.count("burst", { least: 0, most: 1_000_000 }) ?? DEFAULT_BUDGET.burst,
  }
}

function resolveBackoff(given: Section | undefined, usual: Backoff): Backoff {
  if (given === undefined) return { ...usual }
  const maxMs = given.durationMs("maxMs", SOME_TIME)
  const baseMs = given.durationMs("baseMs", SOME_TIME)
  refuseCrossed(given, ["baseMs", baseMs], ["maxMs", maxMs], usual.maxMs)
  return { baseMs: baseMs ?? Math.min(usual.baseMs, maxMs ?? usual.maxMs), maxMs: maxMs ?? usual.maxMs }
}

type Bound = readonly [key: string, value: number | undefined]

/** Silent where the upper bound is wrong by itself: that is said already. */
function refuseCrossed(section: Section, [lowKey, low]: Bound, [highKey, high]: Bound, usualHigh: number): void {
  if (low === undefined || (high === undefined && section.has(highKey))) return
  const top = high ?? usualHigh
  if (low <= top) return
  const whose = high === undefined ? `${top}, its default` : String(top)
  section.wrong(lowKey, `is ${low}, above ${highKey} (${whose})`, `Raise ${highKey} or lower ${lowKey}`)
}

/** One of pg's, say: what it can do is not its own but its class's. */
function isPool(given: unknown): boolean {
  try {
    return typeof given === "object" && given !== null && "connect" in given && typeof given.connect === "function"
  } catch {
    return false
  }
}

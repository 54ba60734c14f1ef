import type { TransactionSettings } from "@kysely-resilient/driver"

import { isAttempts, isDuration, isFlag, isSignal, nameOf, refuse, shown, type ReadOptions } from "./run-options.ts"

export type IsolationLevel = NonNullable<TransactionSettings["isolation"]>

export interface TransactionOptions {
  /** Default: the server's, which is `read committed` unless it was configured otherwise. */
  readonly isolation?: IsolationLevel
  readonly accessMode?: "read write" | "read only"
  /** With `serializable` and `read only`: waits for a moment at which nothing can conflict with it. */
  readonly deferrable?: boolean
  /** One deadline over all runs of the callback, milliseconds. Default: `timeouts.transactionMs`, which is 30,000. The transaction is ended when it passes. */
  readonly timeoutMs?: number
  /** How long a statement may wait for a lock, milliseconds. Default: the server's `lock_timeout`. */
  readonly lockTimeoutMs?: number
  /** Ends the transaction, whatever its callback does. */
  readonly signal?: AbortSignal
  /** `false`: the callback runs once. `attemptsMax`: how often at most; default 3. */
  readonly retry?: false | { readonly attemptsMax?: number }
  /** Reaches errors and events. */
  readonly name?: string
}

/** The options with defaults, read once each. */
export interface TransactionPlan {
  readonly settings: Omit<TransactionSettings, "deadline">
  readonly timeoutMs: number
  readonly attemptsMax: number
  readonly rerun: boolean
  readonly signal: AbortSignal | undefined
  readonly name: string | undefined
}

/** As for statements: a conflict that persists over three runs is not resolved by a fourth. */
const ATTEMPTS_MAX = 3

/** These words become SQL, so nothing else may pass. */
const ISOLATION_LEVELS: readonly unknown[] = ["read uncommitted", "read committed", "repeatable read", "serializable"]
const KNOWN: ReadonlySet<string> = new Set([
  "isolation",
  "accessMode",
  "deferrable",
  "timeoutMs",
  "lockTimeoutMs",
  "signal",
  "retry",
  "name",
])
const ACCESS_MODES: readonly unknown[] = ["read write", "read only"]

/** With what holds for all transactions of a database. */
export function planOf(
  options: TransactionOptions | undefined,
  { transactionMs, readOnly }: { readonly transactionMs: number; readonly readOnly: boolean },
): ReadOptions<TransactionPlan> {
  if (!readOnly) return readTransactionOptions(options, transactionMs)
  if (options?.accessMode === "read write") return refuse("accessMode cannot be read write: this database is read-only")
  return readTransactionOptions({ ...options, accessMode: "read only" }, transactionMs)
}

export function readTransactionOptions(
  options: TransactionOptions = {},
  defaultMs: number,
): ReadOptions<TransactionPlan> {
  for (const given in options) {
    if (!KNOWN.has(given))
      return refuse(`There is no option ${nameOf(given)} of a transaction. Known are ${[...KNOWN].join(", ")}`)
  }
  const { isolation, accessMode, deferrable, timeoutMs = defaultMs, lockTimeoutMs, signal, retry, name } = options
  const attemptsMax = (retry === false ? 1 : retry?.attemptsMax) ?? ATTEMPTS_MAX
  if (isolation !== undefined && !ISOLATION_LEVELS.includes(isolation))
    return refuse(`isolation must be one of ${ISOLATION_LEVELS.join(", ")}`)
  if (accessMode !== undefined && !ACCESS_MODES.includes(accessMode))
    return refuse(`accessMode must be one of ${ACCESS_MODES.join(", ")}`)
  if (!isDuration(timeoutMs)) return refuse(`timeoutMs must be milliseconds above 0; it is ${shown(timeoutMs)}`)
  if (lockTimeoutMs !== undefined && !isDuration(lockTimeoutMs)) {
    return refuse(`lockTimeoutMs must be milliseconds above 0; it is ${shown(lockTimeoutMs)}`)
  }
  if (signal !== undefined && !isSignal(signal)) return refuse(`signal must be an AbortSignal; it is ${shown(signal)}`)
  if (name !== undefined && typeof name !== "string") return refuse(`name must be a string; it is ${shown(name)}`)
  if (!isFlag(deferrable)) return refuse(`deferrable must be true or false; it is ${shown(deferrable)}`)
  if (!isAttempts(attemptsMax))
    return refuse(`retry.attemptsMax must be a whole number above 0; it is ${shown(attemptsMax)}`)
  const settings = {
    ...(isolation !== undefined && { isolation }),
    ...(accessMode !== undefined && { accessMode }),
    ...(deferrable !== undefined && { deferrable }),
    ...(lockTimeoutMs !== undefined && { lockTimeoutMs }),
    ...(signal !== undefined && { signal }),
    ...(name !== undefined && { label: name }),
  }
  return { ok: true, value: { settings, timeoutMs, attemptsMax, rerun: retry !== false, signal, name } }
}

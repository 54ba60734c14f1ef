import type { StatementOptions } from "@kysely-resilient/driver"

/** What a caller says of one statement. */
export interface RunOptions {
  /** Reaches errors, events and traces. */
  readonly name?: string
  /** Aborts the statement, on the server too. */
  readonly signal?: AbortSignal
  /** One deadline over all attempts, waits included, milliseconds. Default: `timeouts.queryMs`, which is 30,000. */
  readonly timeoutMs?: number
  /** You vouch that it only reads: it runs in a read-only transaction, and may be repeated. */
  readonly readOnly?: boolean
  /** You vouch that doing it twice does no harm: it may be repeated when nobody knows whether it was done. */
  readonly idempotent?: boolean
  /** `false`: it is tried once. `attemptsMax`: tries that got a connection; default 3. */
  readonly retry?: false | { readonly attemptsMax?: number }
}

export interface StreamOptions extends Omit<RunOptions, "timeoutMs"> {
  /** Rows per round trip. Default 500. */
  readonly chunkSize?: number
  /** Bounds each wait for the server, not the whole, milliseconds. Default: `timeouts.queryMs`, which is 30,000. */
  readonly timeoutMs?: number
}

export type ReadOptions<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refused: string }

/** Of a statement, and of a stream. */
const KNOWN: ReadonlySet<string> = new Set([
  "name",
  "signal",
  "timeoutMs",
  "readOnly",
  "idempotent",
  "retry",
  "chunkSize",
])
const ALL_KNOWN = `Known are ${[...KNOWN].join(", ")} (of streams)`

const NOTHING_SAID: ReadOptions<StatementOptions> = { ok: true, value: {} }

/**
 * What was said, in the driver's words; or why it cannot be right. Types forbid that, and JavaScript does not. Every property
 * is read once, here: it may be a getter.
 */
export function readRunOptions(options: RunOptions | undefined): ReadOptions<StatementOptions> {
  if (options === undefined) return NOTHING_SAID
  if (typeof options !== "object" || options === null)
    return refuse(`The options must be an object; they are ${shown(options)}`)
  for (const name in options)
    if (!KNOWN.has(name)) return refuse(`There is no option ${nameOf(name)} here. ${ALL_KNOWN}`)
  const { name, signal, timeoutMs, readOnly, idempotent, retry } = options
  if (timeoutMs !== undefined && !isDuration(timeoutMs))
    return refuse(`timeoutMs must be milliseconds above 0; it is ${shown(timeoutMs)}`)
  if (signal !== undefined && !isSignal(signal)) return refuse(`signal must be an AbortSignal; it is ${shown(signal)}`)
  if (name !== undefined && typeof name !== "string") return refuse(`name must be a string; it is ${shown(name)}`)
  if (!isFlag(readOnly)) return refuse(`readOnly must be true or false; it is ${shown(readOnly)}`)
  if (!isFlag(idempotent)) return refuse(`idempotent must be true or false; it is ${shown(idempotent)}`)
  const attemptsMax = retry === false ? undefined : retry?.attemptsMax
  if (attemptsMax !== undefined && !isAttempts(attemptsMax))
    return refuse(`retry.attemptsMax must be a whole number above 0; it is ${shown(attemptsMax)}`)
  const value: StatementOptions = {
    ...(name !== undefined && { label: name }),
    ...(signal !== undefined && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(readOnly !== undefined && { readOnly }),
    ...(idempotent !== undefined && { idempotent }),
    ...(retry === false && { retry }),
    ...(attemptsMax !== undefined && { retry: { attemptsMax } }),
  }
  return { ok: true, value }
}

/** Enough rows to make a round trip worth while, and few enough to hold. */
const CHUNK_SIZE = 500

export function readStreamOptions(
  options: StreamOptions | undefined,
): ReadOptions<{ readonly said: StatementOptions; readonly chunkSize: number }> {
  const read = readRunOptions(options)
  if (!read.ok) return read
  const chunkSize = options?.chunkSize ?? CHUNK_SIZE
  if (Number.isInteger(chunkSize) && chunkSize > 0) return { ok: true, value: { said: read.value, chunkSize } }
  return refuse(`chunkSize must be a whole number of rows above 0; it is ${shown(chunkSize)}`)
}

export function refuse(refused: string): { readonly ok: false; readonly refused: string } {
  return { ok: false, refused }
}

export function isDuration(value: unknown): value is number {
  return typeof value === "number" && value > 0
}

export function isFlag(value: unknown): value is boolean | undefined {
  return value === undefined || typeof value === "boolean"
}

export function isAttempts(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0
}

export function isSignal(value: unknown): value is AbortSignal {
  if (typeof value !== "object" || value === null || !("aborted" in value)) return false
  const methods = ["addEventListener", "removeEventListener"] as const
  return methods.every((name) => name in value && typeof Reflect.get(value, name) === "function")
}

/** The name of an option for a message, if it can be one. */
export function nameOf(name: string): string {
  return /^\w{1,40}$/.test(name) ? name : "of this name"
}

/** A value for a message; strings and objects are not shown. */
export function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value)
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

import type { ForeignSubmittable } from "../postgres/foreign-exchange.ts"
import type { TypeSource } from "../postgres/internals.ts"

export type Callback = (error: unknown, result?: unknown) => void

/** How the answer is to look. */
export interface ResultForm {
  readonly rowMode: "array" | undefined
  /** In front of the client's own parsers. */
  readonly types: TypeSource | undefined
}

/** What the many forms of `query` come to. */
export type Call =
  | {
      readonly kind: "statement"
      readonly text: string
      readonly values: readonly unknown[]
      /** Prepared under this name. */
      readonly name: string | undefined
      readonly form: ResultForm
      readonly timeoutMs: number | undefined
      readonly callback: Callback | undefined
    }
  /** It speaks the protocol itself: `pg.Query`, pg-cursor, pg-query-stream. */
  | { readonly kind: "submittable"; readonly submittable: ForeignSubmittable; readonly callback: Callback | undefined }
  /** It cannot be sent, in the words that `pg` has for it. */
  | { readonly kind: "wrong"; readonly error: Error; readonly callback: Callback | undefined }

export type StatementCall = Extract<Call, { readonly kind: "statement" }>

/** The server cuts longer names, and would take two of them for one. */
const NAME_BYTES_MAX = 63

/**
 * Reads the arguments of `query` as `pg` does (lib/utils.js, normalizeQueryConfig). Throws what `pg` throws at once, and nothing else.
 *
 * @param textOf what was last prepared under a name, for those who give the name alone
 */
export function readCall(
  first: unknown,
  second: unknown,
  third: unknown,
  textOf: (name: string) => string | undefined,
): Call {
  if (first === null || first === undefined) throw new TypeError("Client was passed a null or undefined query")
  const given = callbackIn(second) ?? callbackIn(third)
  if (isSubmittable(first)) return { kind: "submittable", submittable: first, callback: given }

  const config: object = typeof first === "object" ? first : { text: first }
  const own: unknown = Reflect.get(config, "callback")
  const callback = given ?? callbackIn(own)
  if (callback === undefined && [third, own].some((value) => value !== undefined && value !== null)) {
    throw new TypeError("callback is not a function")
  }
  const wrong = (message: string): Call => ({ kind: "wrong", error: new Error(message), callback })
  const name: unknown = Reflect.get(config, "name")
  const named = typeof name === "string" && name !== "" ? name : undefined
  const asGiven: unknown = Reflect.get(config, "text")
  const text = typeof asGiven === "string" ? asGiven : named === undefined ? undefined : textOf(named)
  if (text === undefined) return wrong("A query must have either text or a name. Supplying neither is unsupported.")
  const values: unknown = (typeof second === "function" ? undefined : second) ?? Reflect.get(config, "values") ?? []
  if (!Array.isArray(values)) return wrong("Query values must be an array")
  if (Reflect.get(config, "binary") === true) {
    return wrong("binary: true is not supported: results travel as text, and are parsed from that")
  }
  const timeout: unknown = Reflect.get(config, "query_timeout")
  const types: unknown = Reflect.get(config, "types")
  return {
    kind: "statement",
    text,
    values,
    name: named !== undefined && Buffer.byteLength(named) <= NAME_BYTES_MAX ? named : undefined,
    form: {
      rowMode: Reflect.get(config, "rowMode") === "array" ? "array" : undefined,
      types: isTypeSource(types) ? types : undefined,
    },
    timeoutMs: typeof timeout === "number" && timeout > 0 ? timeout : undefined,
    callback,
  }
}

/** To whoever asked, in the way he asked for it. What a callback throws is an uncaught exception, as with `pg`. */
export function answer<T>(work: Promise<T>, callback: Callback | undefined): Promise<T> | undefined {
  if (callback === undefined) return work
  work.then(
    (result) => process.nextTick(callback, undefined, result),
    (error: unknown) => process.nextTick(callback, error),
  )
  return undefined
}

export function callbackIn(value: unknown): Callback | undefined {
  return isCallback(value) ? value : undefined
}

function isCallback(value: unknown): value is Callback {
  return typeof value === "function"
}

function isSubmittable(value: unknown): value is ForeignSubmittable {
  return typeof value === "object" && value !== null && "submit" in value && typeof value.submit === "function"
}

export function isTypeSource(value: unknown): value is TypeSource {
  return (
    typeof value === "object" && value !== null && "getTypeParser" in value && typeof value.getTypeParser === "function"
  )
}

import type { Category, QueryInfo } from "./error-base.ts"

/** The same in every copy of this package, so that an error is known wherever it comes from. */
const BRAND = Symbol.for("@kysely-resilient/core.DatabaseError")

/** What errors were made of, for `unsafeDriverError`: out of the reach of loggers, which walk causes and fields. */
const originals = new WeakMap<object, unknown>()

/** What an error shows. A field that is undefined is left out, so that logs stay short. */
export interface ErrorFields {
  readonly kind: string
  readonly category: Category
  readonly retry: string
  readonly effect: string
  readonly attempts: number
  readonly because?: string | undefined
  readonly token?: string | undefined
  readonly sqlState?: string | undefined
  readonly retryAfterMs?: number | undefined
  readonly constraint?: string | null
  readonly table?: string | null
  readonly columns?: readonly string[]
  readonly column?: string | null
  readonly type?: string | null
  readonly first?: unknown
  readonly query?: QueryInfo | undefined
  readonly callSite?: string | undefined
}

/** What an error keeps to itself. */
export interface Hidden {
  /** Where the operation was called; replaces the stack's frames, which are all our own. */
  readonly frames: string | undefined
  /** The thing that was thrown or received. */
  readonly original: unknown
  /** Also as `cause`, which every logger prints. */
  readonly showOriginal: boolean
  readonly value: unknown
}

/** The one class behind every member of the union `DatabaseError`. */
class ErrorObject extends Error {
  readonly #fields: ErrorFields

  constructor(message: string, fields: ErrorFields, hidden: Hidden) {
    super(message, hidden.showOriginal ? { cause: hidden.original } : undefined)
    this.#fields = fields
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true })
    }
    if (hidden.value !== undefined) Object.defineProperty(this, "value", { value: hidden.value })
    if (hidden.frames !== undefined) {
      Object.defineProperty(this, "stack", {
        value: `DatabaseError: ${message}\n${hidden.frames}`,
        configurable: true,
        writable: true,
      })
    }
    originals.set(this, hidden.original)
  }

  get _tag(): string {
    return this.#fields.kind
  }

  toJSON(): Readonly<Record<string, unknown>> {
    return { name: this.name, message: this.message, ...this.#fields }
  }
}

Object.defineProperties(ErrorObject, { name: { value: "DatabaseError" } })
Object.defineProperties(ErrorObject.prototype, {
  name: { value: "DatabaseError", configurable: true, writable: true },
  [BRAND]: { value: true },
})

export function errorObject(message: string, fields: ErrorFields, hidden: Hidden): Error {
  return new ErrorObject(message, fields, hidden)
}

/** Also of another copy of this package. Whatever the value does when it is looked at, this does not throw. */
export function isErrorObject(value: unknown): boolean {
  try {
    return typeof value === "object" && value !== null && BRAND in value
  } catch {
    return false
  }
}

/**
 * The thing that was thrown or received: `pg`'s error with DETAIL and all, or what a callback threw. It may quote row data:
 * never log it where that matters. `undefined` for what is no error of this copy of the package, or has none.
 */
export function unsafeDriverError(error: unknown): unknown {
  return typeof error === "object" && error !== null ? originals.get(error) : undefined
}

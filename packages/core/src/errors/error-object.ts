import type { FailedTry } from "@kysely-resilient/driver"

import { docsOf } from "./docs.ts"
import type { Category, QueryInfo } from "./error-base.ts"

/** The same in every copy of this package, so that an error is known wherever it comes from. */
const BRAND = Symbol.for("@kysely-resilient/core.DatabaseError")

/** What an error was made of, for `unsafeDriverError`: out of the reach of loggers, which walk causes and fields. */
const ORIGINAL = Symbol.for("@kysely-resilient/core.DatabaseError.original")

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
  readonly constraintName?: string | null
  readonly table?: string | null
  readonly columns?: readonly string[]
  readonly column?: string | null
  readonly columnName?: string | null
  readonly type?: string | null
  readonly first?: unknown
  readonly drift?: readonly object[]
  readonly query?: QueryInfo | undefined
  readonly callSite?: string | undefined
}

/** What a transaction knows of the runs of its callback. */
export interface Runs {
  readonly attempts: number
  /** Why there was no other run, if one was thought of. */
  readonly because: string | undefined
  /** The runs that failed. */
  readonly journal: readonly FailedTry[]
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
  readonly journal: readonly FailedTry[]
}

/** The one class behind every member of the union `DatabaseError`. */
class ErrorObject extends Error {
  #fields: ErrorFields
  readonly #hidden: Hidden
  #journal: readonly FailedTry[]

  constructor(message: string, fields: ErrorFields, hidden: Hidden) {
    super(message, hidden.showOriginal ? { cause: hidden.original } : undefined)
    this.#fields = fields
    this.#hidden = hidden
    this.#journal = hidden.journal
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) this.#show(name, value)
    }
    if (hidden.frames !== undefined) {
      Object.defineProperty(this, "stack", {
        value: `DatabaseError: ${message}\n${hidden.frames}`,
        configurable: true,
        writable: true,
      })
    }
  }

  get _tag(): string {
    return this.#fields.kind
  }

  get journal(): readonly FailedTry[] {
    return this.#journal
  }

  static tellRuns(error: unknown, { attempts, because, journal }: Runs): void {
    if (typeof error !== "object" || error === null || !(#journal in error)) return
    if (journal.length > 1) error.#journal = journal
    if (attempts > 1) error.#tell({ attempts })
    if (because !== undefined) error.#tell({ because })
  }

  #tell(facts: Pick<Runs, "because"> | Pick<Runs, "attempts">): void {
    this.#fields = { ...this.#fields, ...facts }
    for (const [name, value] of Object.entries(facts)) this.#show(name, value)
  }

  /** Fixed for everybody else. */
  #show(name: string, value: unknown): void {
    Object.defineProperty(this, name, { value, enumerable: true, configurable: true })
  }

  get docs(): string {
    return docsOf(this.#fields.kind)
  }

  get value(): unknown {
    return this.#hidden.value
  }

  // A method that nobody calls by chance, and not a field: inspectors show fields, the hidden ones too.
  [ORIGINAL](): unknown {
    return this.#hidden.original
  }

  toJSON(): Readonly<Record<string, unknown>> {
    const journal = this.#journal.length > 1 ? { journal: this.#journal } : {}
    return { name: this.name, message: this.message, ...this.#fields, ...journal }
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

/**
 * The error of a statement ends a transaction, which knows more of it than the statement did: how often all of it was tried, and why
 * not once more. Of anybody else's error nothing is changed.
 */
export function tellRuns(error: unknown, runs: Runs): void {
  ErrorObject.tellRuns(error, runs)
}

/** Also of another copy of this package. Whatever the value does when it is looked at, this does not throw. */
export function isErrorObject(value: unknown): value is object {
  try {
    return typeof value === "object" && value !== null && BRAND in value
  } catch {
    return false
  }
}

/**
 * The thing that was thrown or received: `pg`'s error with DETAIL and all, or what a callback threw. It may quote row data:
 * never log it where that matters. `undefined` for what is no error of this package, or has none.
 */
export function unsafeDriverError(error: unknown): unknown {
  if (!isErrorObject(error)) return undefined
  try {
    const original: unknown = Reflect.get(error, ORIGINAL)
    return typeof original === "function" ? Reflect.apply(original, error, []) : undefined
  } catch {
    return undefined
  }
}

import type { Failure, GaveUp } from "../failure/failure.ts"

/** Kysely recognises by this symbol that the server has rolled a transaction back (driver/aborted-transaction-error.js). */
const ABORTED_TRANSACTION_ERROR = Symbol.for("kysely.AbortedTransactionError")

/**
 * The one exception of this package, thrown at Kysely's door: a `Failure` with a message. Where the server said it, the
 * fields that code on `pg` looks at are here too: `code` (SQLSTATE or errno), `constraint`, `table`, `detail`, …
 * The thing that was received is the `cause`.
 */
export class DriverError extends Error {
  override readonly name = "DriverError"
  readonly kind: Failure["kind"]
  /** What the server has done of it. */
  readonly effect: Failure["effect"]
  /** How often it was tried. */
  readonly attempts: number
  /** Why it was not tried again. */
  readonly because: GaveUp
  readonly #failure: Failure

  constructor(failure: Failure, attempts: number, because: GaveUp) {
    super(failure.message, failure.cause === undefined ? undefined : { cause: failure.cause })
    this.#failure = failure
    this.kind = failure.kind
    this.effect = failure.effect
    this.attempts = attempts
    this.because = because
  }

  get failure(): Failure {
    return this.#failure
  }

  /** With effect `unknown`: what the engine's `resolve` takes, if there is a way to find out. */
  get token(): string | undefined {
    return this.#failure.token
  }

  get code(): string | undefined {
    return this.#failure.sqlState ?? this.#failure.errno
  }

  get severity(): string | undefined {
    return this.#failure.severity
  }

  get constraint(): string | undefined {
    return this.#failure.constraint
  }

  get schema(): string | undefined {
    return this.#failure.schema
  }

  get table(): string | undefined {
    return this.#failure.table
  }

  get column(): string | undefined {
    return this.#failure.column
  }

  get dataType(): string | undefined {
    return this.#failure.dataType
  }

  get routine(): string | undefined {
    return this.#failure.routine
  }

  /** Quotes row data; hence not enumerable, and in no message. */
  get detail(): string | undefined {
    return textOf(this.cause, "detail")
  }

  get hint(): string | undefined {
    return textOf(this.cause, "hint")
  }

  get position(): string | undefined {
    return textOf(this.cause, "position")
  }
}

/** Its transaction is known to be rolled back: Kysely must not roll it back again, and releases a controlled one. */
export class RolledBackError extends DriverError {
  constructor(failure: Failure, attempts: number, because: GaveUp) {
    super(failure, attempts, because)
    Object.defineProperty(this, ABORTED_TRANSACTION_ERROR, { value: true })
  }
}

function textOf(cause: unknown, field: string): string | undefined {
  const value = typeof cause === "object" && cause !== null ? Reflect.get(cause, field) : undefined
  return typeof value === "string" ? value : undefined
}

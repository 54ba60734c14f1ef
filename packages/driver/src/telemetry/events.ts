import type { Failure, GaveUp } from "../failure/failure.ts"
import type { BuggifyKind } from "../foundation/buggify-kind.ts"

/** Why a connection was closed. The first three are a loss, which the next opening replaces; the others are housekeeping. */
export type DiscardReason =
  | "died"
  | "failed"
  | "abandoned"
  | "not-clean"
  | "idle"
  | "lifetime"
  | "generation"
  | "surplus"
  | "closing"

interface StatementInfo {
  readonly queryId: string
  /** Parameterised text; never a parameter. */
  readonly sql: string
  /** The name a caller gave it. */
  readonly label?: string
}

/**
 * Everything that can be observed, told once and in order. `at` is milliseconds since the epoch, durations are
 * milliseconds. Observers run synchronously; one that throws is counted and not heard.
 */
export type DriverEvent = { readonly at: number } & (
  | ({
      readonly name: "query.succeeded"
      readonly durationMs: number
      readonly attempts: number
      readonly access: "read" | "write"
      /** What the first attempt failed with, when a later one succeeded. */
      readonly firstFailure?: Failure
    } & StatementInfo)
  | ({
      readonly name: "query.failed"
      readonly durationMs: number
      readonly attempts: number
      readonly access: "read" | "write"
      readonly failure: Failure
      readonly because: GaveUp
      /** What becomes of the transaction that it was part of is told too, if that had to be run again or failed. */
      readonly partOf?: "transaction"
      /** What the first attempt failed with, when `failure` is a later one's. */
      readonly firstFailure?: Failure
    } & StatementInfo)
  | ({
      /** An attempt failed and there will be another. */
      readonly name: "query.retried"
      readonly attempt: number
      readonly delayMs: number
      readonly failure: Failure
    } & StatementInfo)
  | ({
      /** A statement that its caller no longer waits for was cancelled on the server. */
      readonly name: "query.abandoned"
      readonly reason: "deadline" | "abort" | "close"
      readonly confirmed: boolean
    } & StatementInfo)
  | { readonly name: "connection.opened"; readonly connectionId: number; readonly durationMs: number }
  | { readonly name: "connection.failed"; readonly failure: Failure; readonly durationMs: number }
  | {
      /**
       * The network has swallowed a connection that somebody waited on: it was silent, and its server had nothing to do for it. It is given up.
       */
      readonly name: "connection.silent"
      readonly connectionId: number
      /** For how long nothing was heard, milliseconds. */
      readonly silentMs: number
      /** What the server showed of its session: none; one that waits for its client; one that cannot get through to it. */
      readonly found: "gone" | "at-rest" | "unheard"
    }
  | {
      readonly name: "connection.discarded"
      readonly connectionId: number
      readonly reason: DiscardReason
      readonly failure?: Failure
    }
  | {
      /** A connection came back with a transaction open, and it was ended. */
      readonly name: "connection.repaired"
      readonly connectionId: number
      readonly found: "T" | "E"
      readonly by: "rollback" | "commit"
    }
  | {
      /** A connection came back with something left in its session by SQL of its user's own, and that was undone. */
      readonly name: "session.reset"
      readonly connectionId: number
      readonly durationMs: number
    }
  | {
      /** A returned lease still had a transaction open that raw SQL had begun. */
      readonly name: "transaction.orphaned"
      readonly connectionId: number
      readonly action: "rollback" | "commit" | "discard"
    }
  | { readonly name: "transaction.committed"; readonly durationMs: number }
  | {
      readonly name: "transaction.rolled-back"
      readonly reason: "caller" | "failed" | "deadline" | "repair" | "orphan"
    }
  | {
      /** The whole of a transaction's callback is run again. */
      readonly name: "transaction.rerun"
      readonly attempt: number
      readonly delayMs: number
      readonly failure: Failure
      readonly label?: string
    }
  | {
      /** A transaction that had to be run again was committed in the end. */
      readonly name: "transaction.recovered"
      /** Runs. */
      readonly attempts: number
      /** From its first run's beginning, waits included. */
      readonly durationMs: number
      readonly label?: string
    }
  | {
      /** Its caller got an error that is not its own doing: it had been run again, a limit was reached, or nobody knows what became of it. */
      readonly name: "transaction.failed"
      readonly attempts: number
      readonly durationMs: number
      readonly failure: Failure
      readonly because: GaveUp
      readonly label?: string
    }
  | {
      /** The whole of a resilient function is run again. */
      readonly name: "operation.rerun"
      readonly attempt: number
      readonly delayMs: number
      readonly failure: Failure
      readonly label?: string
    }
  | {
      /** A COMMIT was not answered, and now it is known what became of it. `late`: its caller has been told that it is not. */
      readonly name: "effect.resolved"
      readonly by: "xid" | "marker"
      readonly effect: "applied" | "applied_locally" | "not_applied"
      readonly durationMs: number
      readonly late: boolean
      readonly label?: string
    }
  | {
      /** Its caller was told that nobody knows, and given a token. */
      readonly name: "effect.unresolved"
      readonly by: "xid" | "marker"
      readonly why: string
      readonly durationMs: number
      readonly label?: string
    }
  | {
      /** A transaction is open for longer than `timeouts.heldTooLongMs`. Told once, while it is. */
      readonly name: "transaction.held-too-long"
      readonly heldMs: number
      /** A statement of it runs at this moment; else it is its callback that takes so long. */
      readonly working: boolean
      readonly label?: string
      /** Who began it, as frames of a stack, if call sites are on. */
      readonly takenBy?: string
    }
  | {
      /** The callback of a `withConnection` holds its connection for longer than `timeouts.heldTooLongMs`. Told once, while it does. */
      readonly name: "connection.held-too-long"
      readonly heldMs: number
      /** A statement of it runs at this moment; else it is its callback that takes so long. */
      readonly working: boolean
      /** Who took it, as frames of a stack, if call sites are on. */
      readonly takenBy?: string
    }
  | {
      /**
       * A connection of the pool was asked for inside of a callback that holds one already: its work is not part of the
       * transaction, and when all connections are held like that, everybody waits for everybody.
       */
      readonly name: "pool.used-inside"
      readonly what: "statement" | "transaction" | "connection"
      readonly inside: "transaction" | "connection"
      /** Of a statement. Parameterised text; never a parameter. */
      readonly sql?: string
      readonly label?: string
      /** Where, if call sites are on. */
      readonly callSite?: string
    }
  | { readonly name: "pool.reset"; readonly generation: number }
  | {
      /** The option `buggify` is about to make trouble. */
      readonly name: "buggify.struck"
      readonly kind: BuggifyKind
      /** Of the connection that it is for, where it is for one. */
      readonly connectionId?: number
    }
  | { readonly name: "pool.outage-began"; readonly failure: Failure }
  | { readonly name: "pool.outage-ended"; readonly durationMs: number }
  /** Nothing but failures for too long: whoever asks is told so at once, until a connection of our own could be opened. */
  | { readonly name: "circuit.opened"; readonly failure: Failure }
  /** One is being tried. */
  | { readonly name: "circuit.half-opened" }
  | { readonly name: "circuit.closed"; readonly durationMs: number }
)

export type DriverEventName = DriverEvent["name"]

/** An event without its moment, which is added where it is told. */
export type Told = DriverEvent extends infer E ? (E extends unknown ? Omit<E, "at"> : never) : never

/** Told of everything. Must not block; what it throws is counted and dropped. */
export type Observer = (event: DriverEvent) => void

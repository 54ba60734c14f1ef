import type { CompiledQuery, Dialect } from "kysely"

import type { Hear } from "./execution/listener.ts"
import type { Rest } from "./execution/rest.ts"
import type { Deadline } from "./foundation/deadline.ts"
import type { Effect, Failure, GaveUp } from "./failure/failure.ts"
import type { FailedTry } from "./failure/journal.ts"
import type { Configuration } from "./options/configuration.ts"
import type { Holder } from "./pool/waiters.ts"
import type { ConnectionSnapshot, DriverSnapshot } from "./snapshot.ts"
import type { Told } from "./telemetry/events.ts"

export interface LeaseOptions {
  /** Who goes on only after this lease was released. */
  readonly within?: Holder | undefined
  /** It goes on with something that was begun on another one: an engine that is being closed, and waits, lets that finish. */
  readonly begun?: boolean
  /** It is told of when it holds its connection for longer than `timeouts.heldTooLongMs`, with who took it. Default: it is not. */
  readonly watched?: { readonly takenBy?: () => string | undefined }
}

/** What a statement answered. */
export interface StatementResult {
  /** Rows as objects; empty for a statement without any. */
  readonly rows: readonly unknown[]
  /** The command tag's first word(s): SELECT, INSERT, CREATE TABLE, … */
  readonly command: string
  /** The command tag's row count; undefined where the tag has none. */
  readonly affected: bigint | undefined
}

/** What a caller says of one statement. */
export interface StatementOptions {
  /** Reaches events and errors. */
  readonly label?: string
  readonly signal?: AbortSignal
  /** Over all attempts, waits included. Default: `timeouts.queryMs`. */
  readonly timeoutMs?: number
  /** A deadline that began earlier (a transaction's). The earlier of the two holds. */
  readonly deadline?: Deadline
  /** The caller vouches that it only reads: it runs in a read-only transaction and may be repeated. */
  readonly readOnly?: boolean
  /** The caller vouches that running it twice does no harm: it may be repeated after an unknown effect. */
  readonly idempotent?: boolean
  readonly retry?: false | { readonly attemptsMax?: number }
  /** Of a stream whose reader has left early: what became of its statement, when that is known. */
  readonly onLeft?: (effect: Effect) => void
  /** A question of our own, which no caller has asked for: no counter counts it, and no event tells of it. */
  readonly ours?: true
  /** It needs a connection besides the one of this lease, whose holder goes on only afterwards. */
  readonly within?: Holder
}

/** How a statement, a batch or a COMMIT ended. */
export type Settled<T> =
  | {
      readonly ok: true
      readonly value: T
      readonly attempts: number
      /** `read`: it cannot have written, as its tree proves or the server enforced. Absent where that says nothing. */
      readonly access?: "read" | "write"
    }
  | {
      readonly ok: false
      /** With effect `unknown` its `retry` is `never`. */
      readonly failure: Failure
      readonly attempts: number
      readonly because: GaveUp
      /** Its tries, in order; absent where nothing was tried. */
      readonly journal?: readonly FailedTry[]
      /** Only with effect `applied_locally`: what was computed. */
      readonly value?: T
    }

export interface TransactionSettings {
  readonly isolation?: "read uncommitted" | "read committed" | "repeatable read" | "serializable"
  readonly accessMode?: "read write" | "read only"
  readonly deferrable?: boolean
  /** `lock_timeout` for this transaction (SET LOCAL). */
  readonly lockTimeoutMs?: number
  /** The transaction is ended when it passes, whatever its callback does. */
  readonly deadline?: Deadline
  readonly signal?: AbortSignal
  readonly label?: string
  /** Whoever began it tells what becomes of it as a whole, by `transaction.recovered` and `transaction.failed`. */
  readonly tellsEnd?: boolean
  /** Who began it, as frames of a stack; asked for only if it is held too long. */
  readonly takenBy?: () => string | undefined
}

/** A stream's chunk, or the failure that ended it; nothing follows a failure. */
export type StreamChunk = Settled<readonly unknown[]>

/** Statements one after the other, on one connection from the first success on. */
export interface Session {
  run(statement: CompiledQuery, options?: StatementOptions): Promise<Settled<StatementResult>>
  /** One Sync group: all or nothing, one unit of retry. */
  batch(statements: readonly CompiledQuery[], options?: StatementOptions): Promise<Settled<readonly StatementResult[]>>
  /** `timeoutMs` bounds each wait for the server, not the whole. Leaving the loop early closes the portal. */
  stream(statement: CompiledQuery, chunkSize: number, options?: StatementOptions): AsyncIterable<StreamChunk>
}

/** A session that holds its connection until it is released. At most one transaction at a time. */
export interface LeaseHandle extends Session, Holder {
  /** Sends nothing: BEGIN goes out with, and just before, the first statement. */
  begin(settings: TransactionSettings): void
  /** Refuses new statements, waits for those in flight, commits. A failure recorded before makes it a rollback and is what it answers. */
  commit(): Promise<Settled<void>>
  /** Refuses new statements, waits (at most `cancelMs`) for those in flight, rolls back; else destroys the connection. Never fails. */
  rollback(reason: "caller" | "failed" | "deadline"): Promise<void>
  savepoint(name: string): Promise<Settled<void>>
  rollbackTo(name: string): Promise<Settled<void>>
  releaseSavepoint(name: string): Promise<Settled<void>>
  /** The first failure of the transaction now open (or of the one that just ended) that no ROLLBACK TO SAVEPOINT has undone. */
  readonly firstFailure: Failure | undefined
  /** Gives the connection back, repaired. Idempotent; never fails. */
  release(): Promise<void>
}

/**
 * The driver without Kysely's layers: what `ResilientPostgresDialect` wraps and what `@kysely-resilient/core` calls.
 * Nothing here throws or rejects because of a database.
 */
export interface Engine extends Session {
  /** A lease that holds nothing yet. `within`: whoever goes on only after its release. */
  lease(options?: LeaseOptions): LeaseHandle
  /**
   * A Kysely dialect over this engine, for a hot Kysely. Destroying that Kysely closes the engine. `within` is asked when a
   * connection is wanted: who waits for that with another one in hand?
   */
  dialect(options?: { readonly within?: () => Holder | undefined }): Dialect
  /** Opens `pool.min` connections; answers when one is open or cannot be. */
  ready(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<Settled<ReadyReport>>
  /**
   * What became of a write whose error said `effect: "unknown"`: `token` is what that error carries, and any engine on the same
   * database may ask. It may take until `timeoutMs` (default 30,000); `unknown` again if nobody can say.
   */
  resolve(
    token: string,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<Settled<Effect>>
  /**
   * Hears what is said on a channel, over one connection besides the pool that all listeners share, until the function that is
   * returned is called. It waits for a server that is away; closing the engine ends it.
   */
  listen(channel: string, hear: Hear): () => void
  snapshot(): DriverSnapshot
  /** Every open connection and what it does, the oldest first: worked out when it is asked for. */
  connections(): readonly ConnectionSnapshot[]
  /** How it was configured: the same at all times, and without a secret. */
  configuration(): Configuration
  /**
   * For whoever stands on the engine and runs again what failed: the wait before that, which is over early when the server can be
   * reached again. False if its signal aborted.
   */
  rest(rest: Rest): Promise<boolean>
  /** For the same: takes one from the budget of retries that all operations share. False: it is spent, and there is to be none. */
  takeRetry(failure: Failure): boolean
  /** For whoever stands on the engine: tells its observers what only he can see, as that a transaction runs again. */
  tell(event: Told): void
  /**
   * Refuses new work, and waits up to `drainMs` (default 0) for what was begun: what runs, what stands in line for a connection, what is
   * tried again. The rest is abandoned, and told so. Idempotent.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>
}

export interface ReadyReport {
  /** As the server reports it, e.g. "18.4". */
  readonly serverVersion: string
  /** Opening the connection, milliseconds. */
  readonly connectMs: number
}

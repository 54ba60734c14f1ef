import type { TransactionSettings } from "../engine.ts"
import type { Failure } from "../failure/failure.ts"
import type { Holder } from "../pool/waiters.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { TransactionMessage } from "../telemetry/channels.ts"

/** The connection an attempt may use: the one its lease is pinned to, or one of the pool's. */
export interface ConnectionHolder {
  /** The one that is open on it, if it can hold one. */
  readonly transaction?:
    | { readonly traced: TransactionMessage | undefined; readonly settings: Pick<TransactionSettings, "tellsEnd"> }
    | undefined
  /** Who waits for it with another connection in hand. */
  readonly outer?: Holder | undefined
  /** It goes on with something that was begun before: see `WaitOptions`. */
  readonly begun?: boolean | undefined
  readonly pinned: PgConnection | undefined
  /** The one that is working for it right now, pinned or not. */
  inFlight: PgConnection | undefined
  /** Why the pinned connection is gone. Nothing runs elsewhere instead: what was begun there ended with it. */
  readonly lost: Failure | undefined
  /**
   * One that it was given before it needed it, and of which nothing depends yet. Whoever has it keeps it after a failure that the
   * connection survives: others would count on holding one.
   */
  takeFresh?(): PgConnection | undefined
  /** A first success: the lease holds it from now on. */
  pin(connection: PgConnection): void
  /** The pinned connection is gone. */
  lose(failure: Failure): void
}

import type { Settled } from "../engine.ts"
import type { Machine } from "../execution/machine.ts"
import { SingleUse } from "../execution/single-use.ts"
import type { Failure } from "../failure/failure.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"

/** Told of each connection that a statement of the pool's uses, and when it is done with it. */
export interface UseListener {
  acquired(connection: PgConnection): void
  released(connection: PgConnection, failure: Failure | undefined): void
}

/** A statement that is all its caller wants of a connection. */
export class PooledUse extends SingleUse {
  readonly #listener: UseListener
  #inFlight: PgConnection | undefined
  #used: PgConnection | undefined
  /** Whose answer it was; undefined if nothing was sent. */
  answeredOn: PgConnection | undefined

  constructor(machine: Machine, listener: UseListener) {
    super(machine, undefined)
    this.#listener = listener
  }

  override get inFlight(): PgConnection | undefined {
    return this.#inFlight
  }

  override set inFlight(connection: PgConnection | undefined) {
    this.#inFlight = connection
    if (connection === undefined || connection === this.#used) return
    this.#released(this.lost)
    this.#used = connection
    this.#listener.acquired(connection)
  }

  protected override over(settled: Settled<Exchange>): void {
    this.answeredOn = this.#used
    this.#released(settled.ok ? undefined : settled.failure)
  }

  #released(failure: Failure | undefined): void {
    const used = this.#used
    this.#used = undefined
    if (used !== undefined) this.#listener.released(used, failure)
  }
}

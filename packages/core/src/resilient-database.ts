import type { Clock, DriverSnapshot, Effect, Engine, Random, ReadyReport } from "@kysely-resilient/driver"
import { Kysely } from "kysely"
import { err, ok, type ResultAsync } from "neverthrow"

import type { DroppedError } from "./dropped/unseen.ts"
import type { CallSite } from "./errors/call-site.ts"
import type { ErrorOfKind, QueryError } from "./errors/database-error.ts"
import { localFailure } from "./errors/local-failure.ts"
import { toDatabaseError } from "./errors/to-database-error.ts"
import type { TransactionError } from "./errors/violations.ts"
import { Closing } from "./foundation/closing.ts"
import type { ResolvedDatabaseOptions } from "./options.ts"
import { currentCall } from "./scope/resilient-call.ts"
import { ColdBuilder } from "./query/cold.ts"
import { tellDropped } from "./query/hooks.ts"
import { PoolLane } from "./query/lane.ts"
import { PinnedSession } from "./query/pinned-session.ts"
import type { AnyResult, Awaitable, ErrOf, OkOf } from "./query/results.ts"
import type { Run } from "./query/run.ts"
import { readRunOptions, type RunOptions } from "./query/run-options.ts"
import { known, SessionBase } from "./query/session-base.ts"
import type { Database, Session, Tx } from "./query/session.ts"
import { ScopedEngine } from "./query/scoped-engine.ts"
import { readTransactionOptions, type TransactionOptions } from "./query/transaction-options.ts"
import { transact } from "./query/transaction.ts"
import { TxSession } from "./query/tx-session.ts"
import { holdConnection } from "./query/with-connection.ts"

const STRAY =
  "A query of this database does not execute itself: write `await db.all(query)` (or one, maybeOne, first, exec, exists, " +
  "stream, forEach; in a transaction on its tx) instead of .execute(), .executeTakeFirst(), .stream() or .explain(). " +
  "For a Kysely that executes there is db.kysely"

export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly onClose: (() => void) | undefined
}

/** The database itself: sessions over an engine. */
export class ResilientDatabase<DB, C> extends SessionBase<DB, C> implements Database<DB, C> {
  readonly #engine: Engine
  readonly #options: ResolvedDatabaseOptions
  readonly #onClose: (() => void) | undefined
  #hot: Kysely<DB> | undefined

  constructor(engine: Engine, options: ResolvedDatabaseOptions, { clock, random, onClose }: Surroundings) {
    const { plugins, errors, hooks, backoff, transactionMs } = options
    const refuse = (): Error => toDatabaseError(localFailure("refused", STRAY), { detail: errors.detail, attempts: 0 })
    const cold = new ColdBuilder<DB>(plugins, refuse)
    const pool = new ScopedEngine({ engine, backoff, random }, errors.callSite)
    const kit = {
      engine,
      pool,
      compiler: cold,
      clock,
      random,
      errors,
      backoff,
      hooks,
      dropped: errors.reportDropped ? (dropped: DroppedError): void => tellDropped(hooks, dropped) : undefined,
      transactionMs,
      closing: new Closing(),
    }
    super(kit, cold.builders, new PoolLane(pool))
    this.#engine = engine
    this.#options = options
    this.#onClose = onClose
  }

  readonly transaction = <R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options?: TransactionOptions,
  ): ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>> => this.#transact(body, options, this.transaction)

  readonly atomic = <R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options?: TransactionOptions,
  ): ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>> => this.#transact(body, options, this.atomic)

  readonly withConnection = <R extends AnyResult>(
    body: (session: Session<DB, C>) => Awaitable<R>,
    options?: Pick<RunOptions, "signal" | "timeoutMs">,
  ): ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>> =>
    known(
      this.guarded(this.withConnection, async (site) => {
        const { kit, builders } = this
        const said = readRunOptions(options)
        if (!said.ok) return err(this.#refused(said.refused, site))
        return holdConnection<R>(kit, said.value, (lane) => body(new PinnedSession<DB, C>(kit, builders, lane)), site)
      }),
    )

  readonly ready = (options?: Pick<RunOptions, "signal" | "timeoutMs">): ResultAsync<ReadyReport, QueryError> =>
    this.guarded(this.ready, async (site) => {
      const said = readRunOptions(options)
      if (!said.ok) return err(this.#refused(said.refused, site))
      const settled = await this.#engine.ready(said.value)
      if (settled.ok) return ok(settled.value)
      const { failure, attempts, because, journal } = settled
      return err(toDatabaseError(failure, { detail: this.kit.errors.detail, attempts, because, journal, site }))
    })

  readonly resolve = (
    token: string,
    options?: Pick<RunOptions, "signal" | "timeoutMs">,
  ): ResultAsync<Effect, QueryError> =>
    this.guarded(this.resolve, async (site) => {
      const said = readRunOptions(options)
      if (!said.ok) return err(this.#refused(said.refused, site))
      const settled = await this.#engine.resolve(token, said.value)
      if (settled.ok) return ok(settled.value)
      const { failure, attempts, because, journal } = settled
      return err(toDatabaseError(failure, { detail: this.kit.errors.detail, attempts, because, journal, site }))
    })

  readonly snapshot = (): DriverSnapshot => this.#engine.snapshot()

  readonly close = (options?: { readonly drainMs?: number }): ResultAsync<void, QueryError> =>
    this.guarded(this.close, async (site) => {
      const drainMs = options?.drainMs ?? 0
      if (!(drainMs >= 0)) return err(this.#refused("drainMs must be milliseconds, 0 or more", site))
      this.#onClose?.()
      await this.#engine.close({ drainMs })
      this.kit.closing.end()
      return ok(undefined)
    })

  get kysely(): Kysely<DB> {
    this.#hot ??= new Kysely<DB>({
      dialect: this.#engine.dialect({
        within: () => {
          currentCall()?.wroteUnseen()
          return this.kit.pool.outer("connection", undefined)
        },
      }),
      plugins: [...this.#options.plugins],
    })
    return this.#hot
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().unwrapOr(undefined)
  }

  #transact<R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options: TransactionOptions | undefined,
    operation: (...parameters: never[]) => unknown,
  ): ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>> {
    return known(
      this.guarded(operation, async (site) => {
        const { kit, builders } = this
        const plan = readTransactionOptions(options, kit.transactionMs)
        if (!plan.ok) return err(this.#refused(plan.refused, site))
        const open = (run: Run): Awaitable<R> => body(new TxSession<DB, C>(kit, builders, run))
        return transact<R>(kit, { plan: plan.value, body: open, site })
      }),
    )
  }

  #refused(why: string, site: CallSite | undefined): ErrorOfKind<"refused"> {
    return toDatabaseError(localFailure("refused", why), { detail: this.kit.errors.detail, attempts: 0, site })
  }
}

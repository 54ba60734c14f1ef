import { err, type Result, type ResultAsync } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { TransactionError } from "../errors/violations.ts"
import type { Kit } from "./kit.ts"
import { PoolLane } from "./lane.ts"
import { PinnedSession } from "./pinned-session.ts"
import type { AnyResult, Awaitable, ErrOf, OkOf } from "./results.ts"
import type { Run } from "./run.ts"
import { readRunOptions, type RunOptions } from "./run-options.ts"
import { known, SessionBase } from "./session-base.ts"
import type { QueryBuilders, Session, Tx } from "./session.ts"
import { planOf, type TransactionOptions } from "./transaction-options.ts"
import { transact, type Enclosing } from "./transaction.ts"
import { TxSession } from "./tx-session.ts"
import { holdConnection } from "./with-connection.ts"

/** A session over the whole pool: it may take a connection for itself, with a transaction on it or without. */
export class PoolSession<DB, C> extends SessionBase<DB, C> {
  constructor(kit: Kit, builders: QueryBuilders<DB>) {
    super(kit, builders, new PoolLane(kit.pool))
  }

  readonly transaction = <R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options?: TransactionOptions,
  ): ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>> =>
    known(this.guarded(this.transaction, (site) => this.enclosed(body, options, site)))

  readonly withConnection = <R extends AnyResult>(
    body: (session: Session<DB, C>) => Awaitable<R>,
    options?: Pick<RunOptions, "signal" | "timeoutMs">,
  ): ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>> =>
    known(
      this.guarded(this.withConnection, async (site) => {
        const { kit, builders } = this
        const said = readRunOptions(options)
        if (!said.ok) return err(this.refused(said.refused, site))
        return holdConnection<R>(kit, said.value, (lane) => body(new PinnedSession<DB, C>(kit, builders, lane)), site)
      }),
    )

  protected override async enclosed<R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options: TransactionOptions | undefined,
    site: CallSite | undefined,
    enclosing?: Enclosing,
  ): Promise<Result<OkOf<R>, ErrOf<R> | TransactionError>> {
    const { kit, builders } = this
    if (typeof body !== "function")
      return err(this.refused("A transaction takes a callback first: db.transaction(async (tx) => …, options)", site))
    const plan = planOf(options, kit)
    if (!plan.ok) return err(this.refused(plan.refused, site))
    const open = (run: Run): Awaitable<R> => body(new TxSession<DB, C>(kit, builders, run))
    return transact<R>(kit, { plan: plan.value, body: open, site, ...enclosing })
  }
}

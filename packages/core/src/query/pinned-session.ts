import { err, type ResultAsync } from "neverthrow"

import type { TransactionError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import type { Kit } from "./kit.ts"
import type { PinnedLane } from "./lease-lane.ts"
import type { AnyResult, Awaitable, ErrOf, OkOf } from "./results.ts"
import type { Run } from "./run.ts"
import { SessionBase } from "./session-base.ts"
import type { QueryBuilders, Tx } from "./session.ts"
import { planOf, type TransactionOptions } from "./transaction-options.ts"
import { transactOn } from "./transaction.ts"
import { TxSession } from "./tx-session.ts"

/** What the callback of `withConnection` holds: one connection, for as long as it runs. */
export class PinnedSession<DB, C> extends SessionBase<DB, C> {
  readonly #lane: PinnedLane

  constructor(kit: Kit, builders: QueryBuilders<DB>, lane: PinnedLane) {
    super(kit, builders, lane)
    this.#lane = lane
  }

  readonly atomic = <R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options?: TransactionOptions,
  ): ResultAsync<OkOf<R>, ErrOf<R> | TransactionError> =>
    this.guarded(this.atomic, async (site) => {
      const { kit, builders } = this
      const refuse = (why: string): TransactionError =>
        toDatabaseError(localFailure("refused", why), { detail: kit.errors.detail, attempts: 0, site })
      const plan = planOf(options, kit)
      if (!plan.ok) return err(refuse(plan.refused))
      if (this.#lane.rawTransaction)
        return err(refuse("A transaction that raw SQL has begun is open on this connection: end it first"))

      const open = (run: Run): Awaitable<R> => body(new TxSession<DB, C>(kit, builders, run))
      const enclosed = await this.#lane.enclose((inner) =>
        transactOn<R>(kit, inner, { plan: plan.value, body: open, site }),
      )
      return enclosed.ok ? enclosed.value : err(refuse(enclosed.failure.message))
    })
}

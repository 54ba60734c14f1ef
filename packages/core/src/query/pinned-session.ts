import { err, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { TransactionError } from "../errors/violations.ts"
import type { Kit } from "./kit.ts"
import type { PinnedLane } from "./lease-lane.ts"
import type { AnyResult, Awaitable, ErrOf, OkOf } from "./results.ts"
import type { Run } from "./run.ts"
import { SessionBase } from "./session-base.ts"
import type { QueryBuilders, Tx } from "./session.ts"
import { planOf, type TransactionOptions } from "./transaction-options.ts"
import { transactOn, type Enclosing } from "./transaction.ts"
import { TxSession } from "./tx-session.ts"

/** What the callback of `withConnection` holds: one connection, for as long as it runs. */
export class PinnedSession<DB, C> extends SessionBase<DB, C> {
  readonly #lane: PinnedLane

  constructor(kit: Kit, builders: QueryBuilders<DB>, lane: PinnedLane) {
    super(kit, builders, lane)
    this.#lane = lane
  }

  protected override async enclosed<R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options: TransactionOptions | undefined,
    site: CallSite | undefined,
    enclosing?: Enclosing,
  ): Promise<Result<OkOf<R>, ErrOf<R> | TransactionError>> {
    const { kit, builders } = this
    const plan = planOf(options, kit)
    if (!plan.ok) return err(this.refused(plan.refused, site))
    if (this.#lane.rawTransaction)
      return err(this.refused("A transaction that raw SQL has begun is open on this connection: end it first", site))

    const open = (run: Run): Awaitable<R> => body(new TxSession<DB, C>(kit, builders, run))
    const running = await this.#lane.enclose((inner) =>
      transactOn<R>(kit, inner, { plan: plan.value, body: open, site, ...enclosing }),
    )
    return running.ok ? running.value : err(this.refused(running.failure.message, site))
  }
}

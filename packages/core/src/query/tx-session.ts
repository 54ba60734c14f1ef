import { err, type Result, type ResultAsync } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { TransactionError } from "../errors/violations.ts"
import { whyNotInside } from "./inside-options.ts"
import type { Kit } from "./kit.ts"
import type { AnyResult, Awaitable, ErrOf, OkOf } from "./results.ts"
import type { Run } from "./run.ts"
import { savepoint } from "./savepoint.ts"
import { known, SessionBase } from "./session-base.ts"
import type { QueryBuilders, Tx } from "./session.ts"
import type { TransactionOptions } from "./transaction-options.ts"

/** What a transaction's callback holds, and a savepoint's. */
export class TxSession<DB, C> extends SessionBase<DB, C> implements Tx<DB, C> {
  readonly #run: Run

  constructor(kit: Kit, builders: QueryBuilders<DB>, run: Run) {
    super(kit, builders, run.lane)
    this.#run = run
  }

  get attempt(): number {
    return this.#run.attempt
  }

  get signal(): AbortSignal {
    return this.#run.signal
  }

  readonly afterCommit = (run: () => unknown): void => this.#run.afterCommit(run)

  readonly savepoint = <R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
  ): ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>> =>
    known(this.guarded(this.savepoint, (site) => this.enclosed(body, undefined, site)))

  /** The transaction is open already: what it cannot have any more is refused. */
  protected override async enclosed<R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options: TransactionOptions | undefined,
    site: CallSite | undefined,
  ): Promise<Result<OkOf<R>, ErrOf<R> | TransactionError>> {
    const { began } = this.#run
    const why = whyNotInside(options, began)
    if (why !== undefined) return err(this.refused(why, site))
    const narrows = options?.accessMode === "read only" && began.accessMode !== "read only"
    const open = (part: Run): Awaitable<R> => body(new TxSession<DB, C>(this.kit, this.builders, part))
    return savepoint<R>(this.kit, this.#run, open, site, narrows ? "read only" : undefined)
  }
}

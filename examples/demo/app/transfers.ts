import type { Entry } from "./journal.ts"
import type { Named, Store } from "./store.ts"

export interface Order {
  readonly from: number
  readonly to: number
  /** Decimal text; money is never a floating point number. */
  readonly amount: string
}

export interface TransferOptions extends Named {
  /**
   * Whoever locks accounts in the same order as everybody else never deadlocks; `as written` locks the payer first, and
   * two people who pay each other at the same moment each hold what the other needs.
   */
  readonly lock?: "by account" | "as written"
  /** Between the two sides of the transfer. Runs again if the transaction does. */
  readonly approve?: (attempt: number) => Promise<void>
}

/** Takes here, gives there, and leaves a record; all of it or nothing. The entry is the transfer's id. */
export function transfer(store: Store, order: Order, entry: Entry, options: TransferOptions) {
  const { lock = "by account", approve, name } = options
  const debit = { account: order.from, change: `-${order.amount}` }
  const credit = { account: order.to, change: order.amount }
  const sides = lock === "by account" && order.to < order.from ? [credit, debit] : [debit, credit]

  return store.transaction(
    async (tx) => {
      for (const [index, { account, change }] of sides.entries()) {
        if (index === 1) await approve?.(tx.attempt)
        const moved = await tx.exec(
          tx
            .updateTable("accounts")
            .set(({ eb }) => ({ balance: eb("balance", "+", change) }))
            .where("id", "=", account),
        )
        if (moved.isErr()) return moved
      }
      const recorded = await tx.exec(
        tx
          .insertInto("transfers")
          .values({ id: entry.entry, from_account: order.from, to_account: order.to, amount: order.amount }),
      )
      if (recorded.isErr()) return recorded
      return tx.exec(tx.insertInto("ledger").values(entry))
    },
    { name },
  )
}

export function openAccounts(store: Store, owners: readonly string[], balance: string) {
  return store
    .all(
      store
        .insertInto("accounts")
        .values(owners.map((owner) => ({ owner, balance })))
        .returning("id"),
    )
    .map((rows) => rows.map(({ id }) => id))
}

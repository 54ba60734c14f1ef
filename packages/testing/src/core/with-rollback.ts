import type { Database, TransactionOptions, Tx } from "@kysely-resilient/core"
import { err } from "neverthrow"

import { rolledBackDatabase } from "./rolled-back-database.ts"

/**
 * The transaction that is rolled back. What the code under test wants of its own transactions it must have from the start: they are
 * savepoints, and where one asks for a stricter `isolation` it is refused. `timeoutMs`: long enough to look around in a debugger, if you say so.
 */
export type RollbackOptions = Omit<TransactionOptions, "retry">

/**
 * Runs a test in one transaction that is rolled back at its end, so that it leaves nothing behind. What it is given is used as a database is:
 * `transaction` is a savepoint inside, with `afterCommit` when that is kept; a statement that fails takes nothing else with it, as
 * outside of a transaction.
 *
 * Not for what needs more than one connection, for what COMMIT does (deferred constraints, conflicts of serializable transactions), nor for
 * code that was given another database than this one: for those there is `isolatedDatabase`.
 *
 * @returns what `body` returns; what it throws is thrown, after the rollback
 */
export async function withRollback<DB, C, T>(
  db: Database<DB, C>,
  body: (db: Database<DB, C>) => Promise<T> | T,
  options: RollbackOptions = {},
): Promise<T> {
  let ended: { readonly value: T } | { readonly thrown: unknown } | undefined
  const rolledBack = await db.transaction(
    async (tx: Tx<DB, C>) => {
      try {
        ended = { value: await body(rolledBackDatabase(db, tx)) }
      } catch (thrown) {
        ended = { thrown }
      }
      return err(ROLLED_BACK)
    },
    { name: "withRollback", ...options, retry: false },
  )
  // Looked at before anything else: what the test threw is the news, and not an Err that nobody looked at.
  const undone = rolledBack.isErr() && rolledBack.error === ROLLED_BACK
  if (ended !== undefined && "thrown" in ended) throw ended.thrown
  if (!undone && rolledBack.isErr()) throw rolledBack.error
  if (ended === undefined) throw new Error("The test did not end within its transaction")
  return ended.value
}

const ROLLED_BACK: unique symbol = Symbol("rolled back")

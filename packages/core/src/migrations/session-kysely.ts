import {
  DefaultQueryExecutor,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SingleConnectionProvider,
  Transaction,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type KyselyPlugin,
  type QueryResult,
} from "kysely"

import { promised } from "../foundation/promised.ts"
import type { RunOptions } from "../query/run-options.ts"
import type { Session } from "../query/session.ts"

/** The one thing that is needed of a session. */
export type Runner = Pick<Session<unknown>, "query">

/** A Kysely that executes, in a transaction of core's: what migrations are written for. It throws the session's errors. */
export function transactionKysely(
  runner: Runner,
  plugins: readonly KyselyPlugin[],
  options: RunOptions,
): Transaction<unknown> {
  const executor = executorOver(runner, plugins, options)
  return new Transaction<unknown>({
    config: { dialect: DIALECT },
    dialect: DIALECT,
    driver: DIALECT.createDriver(),
    executor,
  })
}

/** The same on one connection, without a transaction. */
export function connectionKysely(
  runner: Runner,
  plugins: readonly KyselyPlugin[],
  options: RunOptions,
): Kysely<unknown> {
  const executor = executorOver(runner, plugins, options)
  return new Kysely<unknown>({
    config: { dialect: DIALECT },
    dialect: DIALECT,
    driver: DIALECT.createDriver(),
    executor,
  })
}

function executorOver(runner: Runner, plugins: readonly KyselyPlugin[], options: RunOptions): DefaultQueryExecutor {
  const provider = new SingleConnectionProvider(new SessionConnection(runner, options))
  return new DefaultQueryExecutor(new PostgresQueryCompiler(), new HeldLockAdapter(), provider, plugins.map(queryOnly))
}

/** The session shows every answer to the database's plugins itself. */
function queryOnly(plugin: KyselyPlugin): KyselyPlugin {
  return { transformQuery: (args) => plugin.transformQuery(args), transformResult: async ({ result }) => result }
}

/** Whoever runs a migration holds the lock already. */
class HeldLockAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

const CHANGES = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"])

class SessionConnection implements DatabaseConnection {
  readonly #runner: Runner
  readonly #options: RunOptions

  constructor(runner: Runner, options: RunOptions) {
    this.#runner = runner
    this.#options = options
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const answer = await this.#runner.query(sql, parameters, this.#options)
    if (answer.isErr()) throw answer.error
    const { rows, command, affected } = answer.value
    // Kysely's caller names the rows.
    return { rows: promised<R[]>(rows), ...(CHANGES.has(command) && { numAffectedRows: affected }) }
  }

  // oxlint-disable-next-line require-yield -- it has nothing to give
  async *streamQuery(): AsyncGenerator<never, never, undefined> {
    throw new Error("A migration cannot stream: read in parts, with LIMIT and a WHERE that goes on from the last row")
  }
}

const DIALECT: Dialect = {
  createAdapter: () => new HeldLockAdapter(),
  createDriver: () => {
    const refuse = async (): Promise<never> => {
      throw new Error("A migration has one connection, which it was given: it cannot take another")
    }
    const nothing = async (): Promise<void> => {}
    return {
      init: nothing,
      acquireConnection: refuse,
      beginTransaction: refuse,
      commitTransaction: refuse,
      rollbackTransaction: refuse,
      releaseConnection: nothing,
      destroy: nothing,
    }
  },
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
}

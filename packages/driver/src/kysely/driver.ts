import type { CompiledQuery, DatabaseConnection, Driver, TransactionSettings as KyselySettings } from "kysely"

import type { Settled, TransactionSettings } from "../engine.ts"
import type { Lease } from "../execution/lease.ts"
import { beginSql } from "../execution/transaction.ts"
import type { Deadline } from "../foundation/deadline.ts"
import { DriverError, RolledBackError } from "./driver-error.ts"
import { LeasedConnection, stepQuery } from "./leased-connection.ts"
import { takenBy } from "./taken-by.ts"

/** What the door needs of the engine behind it. */
export interface DriverParts {
  readonly lease: () => Lease
  readonly close: (options: { readonly drainMs: number }) => Promise<void>
  /** Of a transaction that begins now. */
  readonly transactionDeadline: () => Deadline | undefined
  /** Transactions can say who began them. */
  readonly callSites: boolean
}

/** `destroy()` lets running statements finish, as with every dialect; but not for ever. */
const DESTROY_DRAIN_MS = 10_000

type CompileQuery = Parameters<NonNullable<Driver["savepoint"]>>[2]

/** Kysely's Driver: hands out leases, and ends transactions so that the first error is the one that is seen. */
export class ResilientDriver implements Driver {
  readonly #parts: DriverParts

  constructor(parts: DriverParts) {
    this.#parts = parts
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new LeasedConnection(this.#parts.lease())
  }

  async beginTransaction(connection: DatabaseConnection, settings: KyselySettings): Promise<void> {
    const { lease } = ours(connection)
    const deadline = this.#parts.transactionDeadline()
    const wanted = {
      ...settingsOf(settings),
      ...(deadline !== undefined && { deadline }),
      ...(this.#parts.callSites && { takenBy: takenBy() }),
    }
    await connection.executeQuery(stepQuery(beginSql(wanted, undefined), async () => lease.begin(wanted)))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const { lease } = ours(connection)
    const commit = async (): Promise<void> => {
      const settled = await lease.commit()
      if (settled.ok) return
      const { failure, attempts, because } = settled
      if (failure.effect === "not_applied") throw new RolledBackError(failure, attempts, because)
      // Nobody knows, or it is half confirmed: Kysely will not release a controlled transaction after this, so we do.
      await lease.release()
      throw new DriverError(failure, attempts, because)
    }
    await connection.executeQuery(stepQuery("commit", commit))
  }

  /** Never throws: the application must see the error that led here. */
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const { lease } = ours(connection)
    await connection.executeQuery(stepQuery("rollback", () => lease.rollback("caller")))
  }

  async savepoint(connection: DatabaseConnection, name: string, _compile: CompileQuery): Promise<void> {
    await step(connection, `savepoint ${name}`, (lease) => lease.savepoint(name))
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string, _compile: CompileQuery): Promise<void> {
    await step(connection, `rollback to ${name}`, (lease) => lease.rollbackTo(name))
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string, _compile: CompileQuery): Promise<void> {
    await step(connection, `release ${name}`, (lease) => lease.releaseSavepoint(name))
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    await ours(connection).lease.release()
  }

  async destroy(): Promise<void> {
    await this.#parts.close({ drainMs: DESTROY_DRAIN_MS })
  }
}

async function step(
  connection: DatabaseConnection,
  sql: string,
  run: (lease: Lease) => Promise<Settled<void>>,
): Promise<void> {
  const { lease } = ours(connection)
  const query: CompiledQuery = stepQuery(sql, async () => {
    const settled = await run(lease)
    if (!settled.ok) throw new DriverError(settled.failure, settled.attempts, settled.because)
  })
  await connection.executeQuery(query)
}

/** `snapshot` is another database's; Kysely's type has it, PostgreSQL does not. */
function settingsOf(settings: KyselySettings): TransactionSettings {
  const { isolationLevel, accessMode } = settings
  if (isolationLevel === "snapshot") {
    throw new TypeError('PostgreSQL has no isolation level "snapshot"; its "repeatable read" is snapshot isolation')
  }
  return {
    ...(isolationLevel !== undefined && { isolation: isolationLevel }),
    ...(accessMode !== undefined && { accessMode }),
  }
}

function ours(connection: DatabaseConnection): LeasedConnection {
  if (connection instanceof LeasedConnection) return connection
  throw new TypeError("This connection was not handed out by this driver")
}

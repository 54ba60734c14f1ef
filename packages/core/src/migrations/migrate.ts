import { systemClock } from "@kysely-resilient/driver"
import { Migrator } from "kysely/migration"
import { err, ok, ResultAsync, type Result } from "neverthrow"

import { isDatabaseError } from "../errors/database-error.ts"
import { isA } from "../foundation/is-a.ts"
import type { Database } from "../query/session.ts"
import { problemWith, sourceProblem, WAIT_MS, type MigrateOptions } from "./migrate-options.ts"
import { MigrationError, unavailable } from "./migration-error.ts"
import { MigrationRun, type Migrated } from "./migration-run.ts"
import { readMigrations, type MigrationSource } from "./migration-source.ts"
import { connectionKysely } from "./session-kysely.ts"

const LOOK_AGAIN_MS = 200

export interface MigrationStatus {
  readonly name: string
  /** Undefined: it is pending. */
  readonly appliedAt: Date | undefined
}

/**
 * Brings the database to the newest migration, or to the one named by `to`: with Kysely's Migrator and in its tables, each
 * migration in a transaction of its own, under the lock that Kysely's Migrator takes, so that of several processes that start at
 * once one migrates and the others wait. A conflict, a lock that does not come or a lost connection runs a migration again; if nobody
 * answered its COMMIT it is found out what became of it.
 *
 * A migration that says `transaction: false` runs without one, and only once: if it fails, what it did so far stays. It then needs a session
 * of its own, which PgBouncer in transaction mode does not give.
 */
export function migrate<DB, C>(db: Database<DB, C>, options: MigrateOptions): ResultAsync<Migrated, MigrationError> {
  return new ResultAsync(guarded(() => migrateAll(db, options)))
}

/** Which migrations are applied and which are not, in order. Changes nothing. */
export function migrationStatus<DB, C>(
  db: Database<DB, C>,
  source: MigrationSource,
): ResultAsync<readonly MigrationStatus[], MigrationError> {
  return new ResultAsync(guarded(() => statusOf(db, source)))
}

/**
 * Kysely makes its tables before it takes its lock, where others may do so at the same moment; that must not happen in a
 * transaction, which would fail for it. Whatever else is wrong will come up again.
 */
async function makeTables<DB, C>(db: Database<DB, C>): Promise<void> {
  const provider = { getMigrations: async () => ({}) }
  await new Migrator({ db: connectionKysely(db, db.kysely.getExecutor().plugins, {}), provider }).migrateToLatest()
}

async function migrateAll<DB, C>(
  db: Database<DB, C>,
  options: MigrateOptions,
): Promise<Result<Migrated, MigrationError>> {
  const problem = problemWith(options)
  if (problem !== undefined) return err(new MigrationError(problem, { kind: "invalid" }))
  const migrations = await readMigrations(options)
  const { to } = options
  if (typeof to === "string" && !Object.hasOwn(migrations, to)) {
    return err(new MigrationError(`There is no migration ${JSON.stringify(to)} to migrate to`, { kind: "invalid" }))
  }
  await makeTables(db)
  const run = new MigrationRun(db, migrations, options)
  const giveUpAt = systemClock.now() + (options.waitMs ?? WAIT_MS)
  for (;;) {
    const stepped = await run.step()
    if (stepped.isErr()) return err(stepped.error)
    if (stepped.value === "done") return ok(run.done)
    if (stepped.value === "stepped") continue
    if (systemClock.now() >= giveUpAt) {
      const message = `Another process is migrating this database, and was not done within ${options.waitMs ?? WAIT_MS} ms`
      return err(new MigrationError(message, { kind: "locked", done: run.names }))
    }
    await new Promise<void>((resolve) => void systemClock.after(LOOK_AGAIN_MS * (0.5 + Math.random()), resolve))
  }
}

async function statusOf<DB, C>(
  db: Database<DB, C>,
  source: MigrationSource,
): Promise<Result<readonly MigrationStatus[], MigrationError>> {
  const problem = sourceProblem(source)
  if (problem !== undefined) return err(new MigrationError(problem, { kind: "invalid" }))
  const migrations = await readMigrations(source)
  const kysely = connectionKysely(db, db.kysely.getExecutor().plugins, {})
  try {
    const found = await new Migrator({
      db: kysely,
      provider: { getMigrations: async () => ({ ...migrations }) },
    }).getMigrations()
    return ok(found.map(({ name, executedAt }) => ({ name, appliedAt: executedAt })))
  } catch (error) {
    if (isDatabaseError(error)) return err(unavailable(error, []))
    throw error
  }
}

/** What is no answer of the database comes of reading the migrations. */
async function guarded<T>(work: () => Promise<Result<T, MigrationError>>): Promise<Result<T, MigrationError>> {
  try {
    return await work()
  } catch (thrown) {
    const why = isA(thrown, Error) ? thrown.message : "something that is no error was thrown"
    return err(new MigrationError(`The migrations cannot be read: ${why}`, { kind: "invalid" }))
  }
}

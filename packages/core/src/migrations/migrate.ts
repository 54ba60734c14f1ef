import { systemClock } from "@kysely-resilient/driver"
import type { Kysely, KyselyPlugin } from "kysely"
import { Migrator, type MigrationResultSet } from "kysely/migration"
import { err, ok, ResultAsync, type Result } from "neverthrow"

import { isDatabaseError, type DatabaseError, type QueryError } from "../errors/database-error.ts"
import { unsafeDriverError } from "../errors/error-object.ts"
import { isDuration, shown } from "../query/run-options.ts"
import type { Database } from "../query/session.ts"
import { MigrationError } from "./migration-error.ts"
import { readMigrations, type MigrationSource, type ResilientMigration } from "./migration-source.ts"
import { connectionKysely, transactionKysely, type Runner } from "./session-kysely.ts"

export interface MigrateOptions extends MigrationSource {
  /** The last one to be applied: those after it are undone, newest first. `null` undoes them all. Default: the newest there is. */
  readonly to?: string | null
  /**
   * How long one statement waits for a lock, milliseconds. While ALTER TABLE waits for a long query, everybody else waits behind it: it
   * gives up instead, and the migration is tried again. Default 5,000.
   */
  readonly lockTimeoutMs?: number
  /** How long to wait while another process is migrating, milliseconds. Default 60,000. */
  readonly waitMs?: number
  /** How long one migration may take, milliseconds. Default 3,600,000 (an hour). */
  readonly timeoutMs?: number
  /** Whether a migration may come by its name before one that is applied already. Default: it is refused. */
  readonly allowUnordered?: boolean
}

/** What was done, in order. */
export interface Migrated {
  readonly applied: readonly string[]
  readonly undone: readonly string[]
}

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

type Steps = "done" | { readonly name: string; readonly direction: "up" | "down" }

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
  const march = new March(db, migrations, options)
  const giveUpAt = systemClock.now() + (options.waitMs ?? WAIT_MS)
  for (;;) {
    const stepped = await march.step()
    if (stepped.isErr()) return err(stepped.error)
    if (stepped.value === "done") return ok(march.done)
    if (stepped.value === "stepped") continue
    if (systemClock.now() >= giveUpAt) {
      const message = `Another process is migrating this database, and was not done within ${options.waitMs ?? WAIT_MS} ms`
      return err(new MigrationError(message, { kind: "locked", done: march.names }))
    }
    await new Promise(
      (resolve) => void systemClock.after(LOOK_AGAIN_MS * (0.5 + Math.random()), () => resolve(undefined)),
    )
  }
}

const WAIT_MS = 60_000
const LOCK_TIMEOUT_MS = 5_000
const TIMEOUT_MS = 3_600_000
const LOOK_AGAIN_MS = 200

/** Kysely's (dialect/postgres/postgres-adapter.js): whoever migrates with its Migrator alone is kept out too. */
const LOCK_ID = "3853314791062309107"

/** One call of `migrate`, migration by migration. */
class March<DB, C> {
  readonly #db: Database<DB, C>
  readonly #migrations: Readonly<Record<string, ResilientMigration>>
  readonly #options: MigrateOptions
  readonly #plugins: readonly KyselyPlugin[]
  readonly #applied: string[] = []
  readonly #undone: string[] = []
  readonly names: string[] = []
  /** What the last run of a migration was about: known before it fails. */
  #at: Steps = "done"

  constructor(db: Database<DB, C>, migrations: Readonly<Record<string, ResilientMigration>>, options: MigrateOptions) {
    this.#db = db
    this.#migrations = migrations
    this.#options = options
    this.#plugins = db.kysely.getExecutor().plugins
  }

  get done(): Migrated {
    return { applied: [...this.#applied], undone: [...this.#undone] }
  }

  /**
   * One migration, or none where another process holds the lock: nobody waits for it inside a statement, whose snapshot would keep CREATE
   * INDEX CONCURRENTLY in that process waiting for ever.
   */
  async step(): Promise<Result<"done" | "stepped" | "locked", MigrationError>> {
    const { timeoutMs = TIMEOUT_MS, lockTimeoutMs = LOCK_TIMEOUT_MS } = this.#options
    this.#at = "done"
    const transacted = await this.#db.transaction(
      async (tx) => {
        const locked = await held(tx, "pg_try_advisory_xact_lock")
        if (locked.isErr() || !locked.value) return locked.map(() => "locked" as const)
        return this.#one(tx, (runner) => transactionKysely(runner, this.#plugins, { timeoutMs }), true)
      },
      { timeoutMs, lockTimeoutMs, name: "migrate" },
    )
    if (transacted.isErr()) return err(this.#failed(transacted.error))
    if (transacted.value === "alone") return this.#alone(timeoutMs, lockTimeoutMs)
    return ok(transacted.value).andTee((how) => how === "stepped" && this.#note())
  }

  /** The same without a transaction, for what PostgreSQL refuses to run in one. */
  async #alone(
    timeoutMs: number,
    lockTimeoutMs: number,
  ): Promise<Result<"done" | "stepped" | "locked", MigrationError>> {
    const ran = await this.#db.withConnection(
      async (session) => {
        const locked = await held(session, "pg_try_advisory_lock")
        if (locked.isErr() || !locked.value) return locked.map(() => "locked" as const)
        const patience = await session.query("select set_config('lock_timeout', $1, false)", [`${lockTimeoutMs}ms`])
        if (patience.isErr()) return err(patience.error)
        return this.#one(
          session,
          (runner) => connectionKysely(runner, this.#plugins, { timeoutMs, retry: false }),
          false,
        )
      },
      { timeoutMs },
    )
    if (ran.isErr()) return err(this.#failed(ran.error))
    // Somebody else was faster: what is next now is looked up again.
    if (ran.value === "alone") return ok("stepped")
    return ok(ran.value).andTee((how) => how === "stepped" && this.#note())
  }

  async #one(
    runner: Runner,
    kysely: (runner: Runner) => Kysely<unknown>,
    inTransaction: boolean,
  ): Promise<Result<"done" | "stepped" | "alone", MigrationError | DatabaseError>> {
    const migrator = new Migrator({
      db: kysely(runner),
      provider: { getMigrations: async () => ({ ...this.#migrations }) },
      allowUnorderedMigrations: this.#options.allowUnordered ?? false,
      disableTransactions: !inTransaction,
    })
    const migrations = await migrator.getMigrations()
    const next = nextOf(migrations, this.#options.to)
    if (next === "disorder") {
      const message =
        "Migrations that came late by their name were applied after those that are to be undone: undo them one by one, newest first"
      return err(new MigrationError(message, { kind: "invalid", done: this.names }))
    }
    this.#at = next
    if (next === "done") {
      if (migrations.some(({ executedAt }) => executedAt === undefined)) return ok("done")
      // There is nothing to do; but Kysely looks whether these are the migrations that the database has.
      const { error } = await migrator.migrateUp()
      return error === undefined ? ok("done") : this.#unfit(error)
    }
    const wantsTransaction = this.#migrations[next.name]?.transaction !== false
    if (wantsTransaction !== inTransaction) return ok("alone")
    const answer = next.direction === "up" ? await migrator.migrateUp() : await migrator.migrateDown()
    return this.#judged(answer, next)
  }

  #judged(
    { error, results }: MigrationResultSet,
    { name, direction }: Exclude<Steps, "done">,
  ): Result<"stepped", MigrationError | DatabaseError> {
    if (error === undefined) {
      if (results?.[0]?.migrationName === name && results[0].status === "Success") return ok("stepped")
      const message =
        direction === "down" && this.#migrations[name]?.down === undefined
          ? `Migration ${JSON.stringify(name)} cannot be undone: it has no function "down"`
          : `Kysely chose ${JSON.stringify(results?.[0]?.migrationName)} where ${JSON.stringify(name)} is next`
      return err(new MigrationError(message, { kind: "invalid", migration: name, direction, done: this.names }))
    }
    if (isDatabaseError(error)) return err(error)
    // Only the migration's own code and Kysely's checks throw anything else; a check comes before any of them has begun.
    if (results === undefined) return this.#unfit(error)
    throw error
  }

  #unfit(error: unknown): Result<never, MigrationError | DatabaseError> {
    if (isDatabaseError(error)) return err(error)
    const message = `The migrations cannot be run: ${error instanceof Error ? error.message : "their provider threw"}`
    return err(new MigrationError(message, { kind: "invalid", done: this.names }))
  }

  #note(): void {
    if (this.#at === "done") return
    const { name, direction } = this.#at
    this.names.push(name)
    if (direction === "up") this.#applied.push(name)
    else this.#undone.push(name)
  }

  #failed(error: MigrationError | DatabaseError): MigrationError {
    if (error instanceof MigrationError) return error
    if (this.#at === "done") return unavailable(error, this.names)
    const { name, direction } = this.#at
    const what = this.#migrations[name]?.transaction === false ? STAYS : fateOf(error)
    const before = this.names.length === 0 ? "" : `. Done before it: ${this.names.join(", ")}`
    const undoing = direction === "down" ? "Undoing migration" : "Migration"
    const message = `${undoing} ${JSON.stringify(name)} failed, and ${what}: ${wordsOf(error)}${before}`
    return new MigrationError(message, { kind: "failed", migration: name, direction, done: this.names, cause: error })
  }
}

const STAYS = "it runs without a transaction, so what it did before that stays"

/** What became of a migration in a transaction. */
function fateOf({ effect, category }: DatabaseError): string {
  if (effect === "not_applied") return "it was rolled back"
  // A text of several statements may hold a COMMIT, which nobody has seen.
  if (category !== "availability") return "it was rolled back, but for what its own SQL has committed"
  return "whether it was applied is not known"
}

/** What a migration throws of its own are its author's words, for its author. */
function wordsOf(error: DatabaseError): string {
  const thrown = error.kind === "callback_threw" ? unsafeDriverError(error) : undefined
  return thrown instanceof Error ? `it threw ${thrown.name}: ${thrown.message}` : error.message
}

/** Takes Kysely's lock, if it is free. */
async function held(runner: Runner, how: string): Promise<Result<boolean, QueryError>> {
  const answer = await runner.query<{ held: boolean }>(`select ${how}(${LOCK_ID}) as held`)
  return answer.map(({ rows }) => rows[0]?.held === true)
}

/** The next migration on the way to `to`. They come in the order of their names, and are undone in the order of their times. */
function nextOf(migrations: readonly Executed[], to: string | null | undefined): Steps | "disorder" {
  const target = to === undefined ? migrations.length - 1 : migrations.findIndex(({ name }) => name === to)
  const surplus = migrations.filter(({ executedAt }, index) => executedAt !== undefined && index > target)
  if (surplus.length > 0) {
    const newest = migrations
      .filter(({ executedAt }) => executedAt !== undefined)
      .toSorted(byTime)
      .at(-1)
    return newest !== undefined && surplus.includes(newest) ? { name: newest.name, direction: "down" } : "disorder"
  }
  const missing = migrations.find(({ executedAt }, index) => executedAt === undefined && index <= target)
  return missing === undefined ? "done" : { name: missing.name, direction: "up" }
}

interface Executed {
  readonly name: string
  readonly executedAt?: Date | undefined
}

function byTime(a: Executed, b: Executed): number {
  return (a.executedAt?.getTime() ?? 0) - (b.executedAt?.getTime() ?? 0) || a.name.localeCompare(b.name)
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

function unavailable(error: DatabaseError, done: readonly string[]): MigrationError {
  const message = `The migrations could not be looked up in the database: ${error.message}`
  return new MigrationError(message, { kind: "unavailable", done, cause: error })
}

/** What is no answer of the database comes of reading the migrations. */
async function guarded<T>(work: () => Promise<Result<T, MigrationError>>): Promise<Result<T, MigrationError>> {
  try {
    return await work()
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : "something that is no error was thrown"
    return err(new MigrationError(`The migrations cannot be read: ${why}`, { kind: "invalid" }))
  }
}

// Types forbid most of this, and JavaScript does not.

function problemWith(options: MigrateOptions): string | undefined {
  const { lockTimeoutMs, waitMs, timeoutMs } = options
  for (const [name, value] of Object.entries({ lockTimeoutMs, waitMs, timeoutMs })) {
    if (value !== undefined && !isDuration(value)) return `${name} must be milliseconds above 0; it is ${shown(value)}`
  }
  return sourceProblem(options)
}

function sourceProblem({ folder, migrations, provider }: MigrationSource): string | undefined {
  const given = [folder, migrations, provider].filter((source) => source !== undefined).length
  if (given === 1) return undefined
  return `Say where the migrations are, with one of folder, migrations and provider; ${given === 0 ? "there is none" : `there are ${given}`}`
}

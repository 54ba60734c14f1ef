import type { Kysely, KyselyPlugin } from "kysely"
import { Migrator, type MigrationResultSet } from "kysely/migration"
import { err, ok, type Result } from "neverthrow"

import { isDatabaseError, type DatabaseError, type QueryError } from "../errors/database-error.ts"
import { unsafeDriverError } from "../errors/error-object.ts"
import { isA } from "../foundation/is-a.ts"
import type { Database } from "../query/session.ts"
import { LOCK_TIMEOUT_MS, TIMEOUT_MS, type MigrateOptions } from "./migrate-options.ts"
import { MigrationError, unavailable } from "./migration-error.ts"
import type { ResilientMigration } from "./migration-source.ts"
import { nextOf, type Step } from "./next-migration.ts"
import { connectionKysely, transactionKysely, type Runner } from "./session-kysely.ts"

/** What was done, in order. */
export interface Migrated {
  readonly applied: readonly string[]
  readonly undone: readonly string[]
}

/** Kysely's (dialect/postgres/postgres-adapter.js): whoever migrates with its Migrator alone is kept out too. */
const LOCK_ID = "3853314791062309107"

/** One call of `migrate`, migration by migration. */
export class MigrationRun<DB, C> {
  readonly #db: Database<DB, C>
  readonly #migrations: Readonly<Record<string, ResilientMigration>>
  readonly #options: MigrateOptions
  readonly #plugins: readonly KyselyPlugin[]
  readonly #taken: Step[] = []
  /** What the last run of a migration was about: known before it fails. */
  #at: Step | undefined

  constructor(db: Database<DB, C>, migrations: Readonly<Record<string, ResilientMigration>>, options: MigrateOptions) {
    this.#db = db
    this.#migrations = migrations
    this.#options = options
    this.#plugins = db.kysely.getExecutor().plugins
  }

  get done(): Migrated {
    const namesOf = (wanted: Step["direction"]): string[] =>
      this.#taken.filter(({ direction }) => direction === wanted).map(({ name }) => name)
    return { applied: namesOf("up"), undone: namesOf("down") }
  }

  /** What was done, both ways, in order. */
  get names(): readonly string[] {
    return this.#taken.map(({ name }) => name)
  }

  /**
   * One migration, or none where another process holds the lock: nobody waits for it inside a statement, whose snapshot would keep CREATE
   * INDEX CONCURRENTLY in that process waiting for ever.
   */
  async step(): Promise<Result<"done" | "stepped" | "locked", MigrationError>> {
    const { timeoutMs = TIMEOUT_MS, lockTimeoutMs = LOCK_TIMEOUT_MS } = this.#options
    this.#at = undefined
    const transacted = await this.#db.transaction(
      async (tx) => {
        const locked = await held(tx, "pg_try_advisory_xact_lock")
        if (locked.isErr() || !locked.value) return locked.map(() => "locked" as const)
        return this.#one(transactionKysely(tx, this.#plugins, { timeoutMs }), true)
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
        return this.#one(connectionKysely(session, this.#plugins, { timeoutMs, retry: false }), false)
      },
      { timeoutMs },
    )
    if (ran.isErr()) return err(this.#failed(ran.error))
    // Somebody else was faster: what is next now is looked up again.
    if (ran.value === "alone") return ok("stepped")
    return ok(ran.value).andTee((how) => how === "stepped" && this.#note())
  }

  async #one(
    db: Kysely<unknown>,
    inTransaction: boolean,
  ): Promise<Result<"done" | "stepped" | "alone", MigrationError | DatabaseError>> {
    const migrator = new Migrator({
      db,
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
    if (next === "done") {
      if (migrations.some(({ executedAt }) => executedAt === undefined)) return ok("done")
      // There is nothing to do; but Kysely looks whether these are the migrations that the database has.
      const { error } = await migrator.migrateUp()
      return error === undefined ? ok("done") : this.#unfit(error)
    }
    this.#at = next
    const wantsTransaction = this.#migrations[next.name]?.transaction !== false
    if (wantsTransaction !== inTransaction) return ok("alone")
    const answer = next.direction === "up" ? await migrator.migrateUp() : await migrator.migrateDown()
    return this.#judged(answer, next)
  }

  #judged(
    { error, results }: MigrationResultSet,
    { name, direction }: Step,
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
    const message = `The migrations cannot be run: ${isA(error, Error) ? error.message : "their provider threw"}`
    return err(new MigrationError(message, { kind: "invalid", done: this.names }))
  }

  #note(): void {
    if (this.#at !== undefined) this.#taken.push(this.#at)
  }

  #failed(error: MigrationError | DatabaseError): MigrationError {
    if (error instanceof MigrationError) return error
    if (this.#at === undefined) return unavailable(error, this.names)
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
  return isA(thrown, Error) ? `it threw ${thrown.name}: ${thrown.message}` : error.message
}

/** Takes Kysely's lock, if it is free. */
async function held(runner: Runner, how: string): Promise<Result<boolean, QueryError>> {
  const answer = await runner.query<{ held: boolean }>(`select ${how}(${LOCK_ID}) as held`)
  return answer.map(({ rows }) => rows[0]?.held === true)
}

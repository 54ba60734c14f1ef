import type { DatabaseError } from "../errors/database-error.ts"

/** What is wrong with migrations.
 *
 * - `invalid`: they cannot be read, or are not those that the database was migrated with; nothing was done
 * - `locked`: another process is migrating, and was not done in time; nothing was done
 * - `failed`: one of them failed; those before it are applied
 * - `unavailable`: the database could not be asked
 */
export type MigrationErrorKind = "invalid" | "locked" | "failed" | "unavailable"

/** What `migrate` and `migrationStatus` can fail with. Its message names the migration. */
export class MigrationError extends Error {
  override readonly name = "MigrationError"
  readonly kind: MigrationErrorKind
  /** The one that failed. */
  readonly migration: string | undefined
  readonly direction: "up" | "down" | undefined
  /** Done by this call before that, in order. They stay. */
  readonly done: readonly string[]
  /** What the database said, with `effect` and all, or `callback_threw` for what the migration itself threw. */
  declare readonly cause: DatabaseError | undefined

  constructor(
    message: string,
    facts: {
      readonly kind: MigrationErrorKind
      readonly migration?: string | undefined
      readonly direction?: "up" | "down" | undefined
      readonly done?: readonly string[]
      readonly cause?: DatabaseError | undefined
    },
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.kind = facts.kind
    this.migration = facts.migration
    this.direction = facts.direction
    this.done = facts.done ?? []
  }

  get _tag(): "MigrationError" {
    return "MigrationError"
  }

  toJSON(): Readonly<Record<string, unknown>> {
    const { name, message, kind, migration, direction, done, cause } = this
    return { name, message, kind, migration, direction, done, cause: cause?.toJSON() }
  }
}

/** The database could not be asked. */
export function unavailable(error: DatabaseError, done: readonly string[]): MigrationError {
  const message = `The migrations could not be looked up in the database: ${error.message}`
  return new MigrationError(message, { kind: "unavailable", done, cause: error })
}

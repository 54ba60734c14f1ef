import { isDuration, shown } from "../query/run-options.ts"
import type { MigrationSource } from "./migration-source.ts"

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

export const WAIT_MS = 60_000
export const LOCK_TIMEOUT_MS = 5_000
export const TIMEOUT_MS = 3_600_000

// Types forbid most of this, and JavaScript does not.

export function problemWith(options: MigrateOptions): string | undefined {
  const { lockTimeoutMs, waitMs, timeoutMs } = options
  for (const [name, value] of Object.entries({ lockTimeoutMs, waitMs, timeoutMs })) {
    if (value !== undefined && !isDuration(value)) return `${name} must be milliseconds above 0; it is ${shown(value)}`
  }
  return sourceProblem(options)
}

export function sourceProblem({ folder, migrations, provider }: MigrationSource): string | undefined {
  const given = [folder, migrations, provider].filter((source) => source !== undefined).length
  if (given === 1) return undefined
  return `Say where the migrations are, with one of folder, migrations and provider; ${given === 0 ? "there is none" : `there are ${given}`}`
}

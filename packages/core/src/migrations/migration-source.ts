import { readdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

import { FileMigrationProvider, type Migration, type MigrationProvider } from "kysely/migration"

/** A Kysely migration; `transaction: false` for what PostgreSQL refuses to run in one, as CREATE INDEX CONCURRENTLY. */
export interface ResilientMigration extends Migration {
  readonly transaction?: boolean
}

/** Where migrations come from: one of the three. */
export interface MigrationSource {
  /** A folder of modules that export `up`, and `down` if they like. A relative path starts where the process runs. */
  readonly folder?: string | URL
  /** By name. They run in the order of their names. */
  readonly migrations?: Readonly<Record<string, ResilientMigration>>
  /** Any provider of Kysely's. */
  readonly provider?: MigrationProvider
}

/** Reads them once, whatever their source. @throws what reading or importing them throws. */
export async function readMigrations(source: MigrationSource): Promise<Readonly<Record<string, ResilientMigration>>> {
  const { folder, migrations, provider } = source
  if (migrations !== undefined) return migrations
  if (provider !== undefined) return provider.getMigrations()
  const path = folder instanceof URL ? fileURLToPath(folder) : resolve(folder ?? ".")
  const found = await new FileMigrationProvider({
    fs: { readdir: (name) => readdir(name) },
    path: { join },
    migrationFolder: path,
    import: async (file) => withFlag(await import(pathToFileURL(file).href)),
  }).getMigrations()
  if (Object.keys(found).length > 0) return found
  throw new Error(`there is no migration in ${path}: a migration is a module that exports a function "up"`)
}

/** A module is frozen and has no prototype; what is read of it is copied. */
function withFlag(module: Readonly<Record<string, unknown>>): unknown {
  return { ...module }
}

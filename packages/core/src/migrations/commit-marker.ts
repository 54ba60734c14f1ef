import { MARKER_MIGRATION } from "@kysely-resilient/driver"
import { CompiledQuery, type Kysely } from "kysely"
import type { Migration } from "kysely/migration"

/**
 * The table of `resolution: "marker"`, as a migration for Kysely's Migrator. Who runs it owns the table: grant USAGE on the schema
 * `kysely_resilient`, and SELECT, INSERT and DELETE on its table `commit_marker`, to the roles that your application connects as.
 * Without it, or without these rights, markers fall back to `resolution: "xid"`.
 */
export const commitMarkerMigration: Migration = {
  up: (db) => runAll(db, MARKER_MIGRATION.up),
  down: (db) => runAll(db, MARKER_MIGRATION.down),
}

async function runAll(db: Kysely<unknown>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await db.executeQuery(CompiledQuery.raw(statement))
}

import { createDatabase, unsafeDriverError } from "@kysely-resilient/core"
import { migrate, migrationStatus, type ResilientMigration } from "@kysely-resilient/core/migrations"
import { sql } from "kysely"

const db = createDatabase<object>()

const withCities: ResilientMigration = {
  up: async (kysely) => {
    await kysely.schema
      .createTable("cities")
      .addColumn("id", "bigint", (column) => column.primaryKey().generatedAlwaysAsIdentity())
      .addColumn("name", "text", (column) => column.notNull())
      .execute()
  },
  down: async (kysely) => kysely.schema.dropTable("cities").execute(),
}

const withIndex: ResilientMigration = {
  transaction: false, // PostgreSQL builds an index beside running writes only outside of a transaction
  up: async (kysely) => void (await sql`create index concurrently cities_name on cities (name)`.execute(kysely)),
  down: async (kysely) => kysely.schema.dropIndex("cities_name").execute(),
}

const migrations = { "0001_cities": withCities, "0002_index": withIndex }

// In an application they are files: migrate(db, { folder: new URL("./migrations", import.meta.url) })
const migrated = await migrate(db, { migrations })
if (migrated.isOk()) console.log("Applied:", migrated.value.applied.join(", "))
else {
  console.error(migrated.error.message) // it names the migration, and says what became of it
  console.error(unsafeDriverError(migrated.error.cause)) // what the server said, or the migration threw, whatever it quotes
}

const status = await migrationStatus(db, { migrations })
if (status.isOk()) console.log(status.value.filter(({ appliedAt }) => appliedAt === undefined).length, "pending")

const undone = await migrate(db, { migrations, to: null })
if (undone.isOk()) console.log("Undone:", undone.value.undone.join(", "))

await db.close()

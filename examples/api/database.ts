import { getDatabase, type Database, type Session } from "@kysely-resilient/core"

import { schema, type DB, type DBConstraints } from "../schema/schema.gen.ts"

export type AppDatabase = Database<DB, DBConstraints>
export type AppSession = Session<DB, DBConstraints>

/** One for the whole process; it connects with the first query. */
export function appDatabase(): AppDatabase {
  return getDatabase({ schema })
}

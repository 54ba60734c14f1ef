import { createDatabase, type Database, type DatabaseError } from "@kysely-resilient/core"
import type { Observer } from "@kysely-resilient/driver"

import { schema, type DB } from "../../schema/schema.gen.ts"

/** The application's database. */
export type Store = Database<DB>

/** Any error that an operation can end with. */
export type StoreError = DatabaseError

/** What a caller says of one operation: its name reaches every event and error. */
export interface Named {
  readonly name: string
}

/** More callers than connections, so that waiting in line is part of every run. */
const POOL_MAX = 10

/** Nothing is connected until somebody asks for something. `applicationName` is what administrators see in pg_stat_activity. */
export function openStore(url: string, applicationName: string, observer?: Observer): Store {
  return createDatabase({
    schema,
    connection: { connectionString: url, applicationName },
    pool: { max: POOL_MAX },
    ...(observer !== undefined && { observer }),
  })
}

import { getDatabase, type Database } from "@kysely-resilient/core"

interface DB {
  accounts: { owner: string; balance: number }
}

/** One for the whole process; it connects by itself. */
export const db: Database<DB> = getDatabase<DB>()

export const accounts = () => db.all(db.selectFrom("accounts").selectAll().orderBy("owner"))

import { createDatabase, OptionsError, type Database } from "@kysely-resilient/core"

/** What a command may say of the connection that it looks through. */
export interface Way {
  /** A connection string; what is missing in it, or all, comes from DATABASE_URL and PG*. */
  readonly url: string | undefined
  readonly poolMax?: number | undefined
  /** How long to wait for a server that cannot be reached. */
  readonly outageWaitMs?: number
}

/** The database that a command looks at, set up as an application's would be, or what is wrong with how it was named. */
export function openDatabase({ url, poolMax, outageWaitMs = 0 }: Way): Database<object> | string {
  try {
    return createDatabase<object>({
      ...(url !== undefined && { connection: url }),
      pool: { min: 0, ...(poolMax !== undefined && { max: poolMax }) },
      retry: { outageWaitMs },
    })
  } catch (error) {
    if (error instanceof OptionsError) return error.message
    throw error
  }
}

import { createDatabase, type Database } from "@kysely-resilient/core"
import type { Generated } from "kysely"

/** A small schema that type tests query. */
export interface Shop {
  users: { id: Generated<bigint>; email: string; name: string | null; born: Date }
  posts: { id: Generated<bigint>; author_id: bigint; title: string; words: number }
}

export const db: Database<Shop> = createDatabase<Shop>()

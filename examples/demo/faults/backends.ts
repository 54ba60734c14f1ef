import { sql } from "kysely"

import type { Store } from "../app/store.ts"

/** How the application's connections call themselves, so that nobody else's are hurt. */
export const APPLICATION = "kysely-resilient demo"

/** Backends that are doing something for the application right now, in no particular order. */
export function busyBackends(admin: Store) {
  return admin
    .selectFrom(sql<{ pid: number; application_name: string; state: string }>`pg_stat_activity`.as("backend"))
    .where("application_name", "=", APPLICATION)
    .where("state", "<>", "idle")
    .orderBy(sql`random()`)
}

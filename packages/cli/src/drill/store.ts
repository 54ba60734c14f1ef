import { createDatabase, type Database } from "@kysely-resilient/core"
import type { Observer } from "@kysely-resilient/driver"

import type { Resolution } from "./options.ts"
import type { Tables } from "./tables.ts"

/** What is being drilled. */
export type Store = Database<Tables>

/** How the callers' connections call themselves in pg_stat_activity, so that nobody else's are hurt. */
export const APPLICATION = "kysely-resilient drill"

/** Fewer connections than callers, so that waiting in line is part of every drill. */
export const POOL_MAX = 10

/** As long as the worst fault may last on a busy machine, where a server may need seconds to recover. */
export const OUTAGE_WAIT_MS = 10_000

/** The deadline of everybody who has none of their own: longer than any fault, and short enough for a drill to see it pass. */
export const LIMIT_MS = 15_000

/** Everything that is not named here is as it comes. */
export function openStore(url: string, resolution: Resolution, observer: Observer): Store {
  return createDatabase<Tables>({
    connection: { connectionString: url, applicationName: APPLICATION },
    pool: { max: POOL_MAX },
    timeouts: { queryMs: LIMIT_MS },
    retry: { outageWaitMs: OUTAGE_WAIT_MS },
    resolution,
    observer,
  })
}

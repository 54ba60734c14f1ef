import type { DatabaseIdentity } from "@kysely-resilient/driver"
import { PoolTimes } from "@kysely-resilient/driver/src/telemetry/pool-times.ts"

/** For what has to say which database it is of, where the test has only one. */
export const identity: DatabaseIdentity = { name: "test", host: "localhost", port: 5432, database: "test" }

/** Nothing has taken any time yet. */
export const noTimes: ReturnType<PoolTimes["read"]> = new PoolTimes(identity).read()

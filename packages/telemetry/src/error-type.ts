import type { Failure } from "@kysely-resilient/driver"

/**
 * `error.type`, the same on spans, metrics and logs: the SQLSTATE if the server said one, else the system's own code (`ECONNRESET`),
 * else the kind of the failure (`pool_timeout`, `circuit_open`, `deadline_exceeded`, …).
 */
export function errorTypeOf({ sqlState, errno, kind }: Failure): string {
  return sqlState ?? errno ?? kind
}

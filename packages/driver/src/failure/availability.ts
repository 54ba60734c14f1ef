import type { Failure, FailureKind } from "./failure.ts"

/** What is said by, or of, a server that cannot be reached or serves nobody. */
const AWAY: ReadonlySet<FailureKind> = new Set<FailureKind>([
  "connection_failed",
  "server_shutdown",
  "server_starting",
  "server_crashed",
  "too_many_connections",
  "pooler_unavailable",
])

/** Is it about the server as a whole, so that being able to connect to it again is news? */
export function serverIsAway({ blame, kind }: Pick<Failure, "blame" | "kind">): boolean {
  return blame === "server" && AWAY.has(kind)
}

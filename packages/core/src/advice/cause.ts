import type { Failure } from "@kysely-resilient/driver"

/** Where to look, by what was said. */
export type CauseSort =
  | "restart"
  | "crash"
  | "network"
  | "silent"
  | "refused"
  | "dns"
  | "tls"
  | "password"
  | "full"
  | "resources"
  | "pooler"
  | "idle"
  | "other"

export interface Cause {
  /** "57P01 server_shutdown", "ECONNRESET connection_failed". */
  readonly what: string
  readonly sort: CauseSort
}

export function causeOf(failure: Failure): Cause {
  const code = failure.sqlState ?? failure.errno
  return { what: code === undefined ? failure.kind : `${code} ${failure.kind}`, sort: sortOf(failure) }
}

function sortOf({ kind, origin, errno, sqlState }: Failure): CauseSort {
  if (origin === "dns") return "dns"
  if (origin === "tls") return "tls"
  if (origin === "pooler" || kind === "pooler_unavailable") return "pooler"
  if (errno === "ECONNREFUSED" || errno === "ENOENT") return "refused"
  // idle_session_timeout: nobody restarted anything.
  if (kind === "idle_in_transaction_timeout" || sqlState === "57P05") return "idle"
  switch (kind) {
    case "server_shutdown":
    case "server_starting":
      return "restart"
    case "server_crashed":
      return "crash"
    case "authentication_failed":
      return "password"
    case "too_many_connections":
      return "full"
    case "resource_exhausted":
      return "resources"
    case "connection_failed":
      return "network"
    default:
      return "other"
  }
}

const ACTIONS: Readonly<Record<CauseSort, string>> = {
  restart:
    "The server ended them: look in its log who restarted it or called pg_terminate_backend, and move maintenance to a quiet hour",
  crash:
    "The server crashed: look in its log for the process that died, and in the system's for the out-of-memory killer",
  network:
    "They ended without a word from the server. Look first whether its process, its host or a proxy in between was killed, restarted or failed over " +
    "at that moment; then for a firewall or a proxy with an idle timeout, and keep pool.maxLifetimeMs and tcp_keepalives_idle below it",
  silent:
    "What was sent over them was swallowed, and nobody said so. Look first whether the server's host froze or failed over, or a load balancer did; " +
    "then for a NAT or firewall that forgets connections, and set tcp_keepalives_idle below its timeout",
  refused: "Nothing listens there: start PostgreSQL, or correct host and port",
  dns: "The host's name is not found: correct it, or mend the name service",
  tls: "TLS cannot be agreed on: look at sslmode, the root certificate and the server's certificate",
  password: "The server refuses the user: correct user and password, or pg_hba.conf",
  full: "The server has no connection left: lower pool.max, put a pooler in front of it, or raise max_connections",
  resources: "The server is short of memory or disk space: look at its resources",
  pooler: "The pooler in between says so: look at its log and its pool's size",
  idle: "The server ends sessions that rest: pool.idleTimeoutMs must be less than idle_session_timeout, and no transaction may rest",
  other: "Look at the causes in the evidence, and in the server's log",
}

/** A cause of less than this is not what made the number high. */
const SHARE_MIN = 0.2

/** What to do about the causes that matter, the most frequent first. */
export function actionFor(amounts: readonly { readonly sort: string; readonly count: number }[]): string {
  const bySort = new Map<string, number>()
  for (const { sort, count } of explained(amounts)) bySort.set(sort, (bySort.get(sort) ?? 0) + count)
  const total = amounts.reduce((sum, { count }) => sum + count, 0)
  const sorts = [...bySort]
    .toSorted(([, one], [, other]) => other - one)
    .filter(([, count]) => count >= total * SHARE_MIN)
  const actions = sorts.flatMap(([sort]) => (isSort(sort) ? [ACTIONS[sort]] : []))
  return actions.length === 0 ? ACTIONS.other : actions.join(". ")
}

/** A crash ends every session, and not each of them hears why; until it has recovered the server lets nobody in. */
const PART_OF_A_CRASH: ReadonlySet<string> = new Set<CauseSort>(["network", "restart"])

type Amount = Parameters<typeof actionFor>[0][number]

/** The same, with what a cause that is known for certain explains counted as that. */
function explained(amounts: readonly Amount[]): readonly Amount[] {
  if (!amounts.some(({ sort }) => sort === "crash")) return amounts
  return amounts.map(({ sort, count }) => ({ sort: PART_OF_A_CRASH.has(sort) ? "crash" : sort, count }))
}

function isSort(sort: string): sort is CauseSort {
  return Object.hasOwn(ACTIONS, sort)
}

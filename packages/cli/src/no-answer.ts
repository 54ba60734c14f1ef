import type { Database } from "@kysely-resilient/core"

import { printable } from "./words.ts"

/** Why a database could not be asked: where that was tried, what was met there, what to do about it. */
export interface NoAnswer {
  /** `db.example:5432/shop`; neither user nor password. */
  readonly where: string
  readonly kind: string
  readonly why: string
  /** Where `why` does not say it. */
  readonly action?: string
}

/** Where the words of a library lead to, which whoever reads them in a terminal does not have. */
const FOR_PROGRAMS = "; unsafeDriverError(error) names it"

const SILENCE =
  "Nothing comes back from there: look for a server that hangs, for a firewall on the way, and whether the host is up"

const ACTIONS: Readonly<Record<string, string>> = {
  connection_failed: SILENCE,
  too_many_connections:
    "A superuser still gets in (superuser_reserved_connections): look in pg_stat_activity who holds them; lower the pools, put a pooler in front, or raise max_connections",
  server_starting:
    "Wait, and read in its log how far it is; a standby with hot_standby = off takes no connections at all",
}

/** To be asked before the database is closed: it knows where it went. */
export function noAnswerOf(
  db: Database<object>,
  { kind, message }: { readonly kind: string; readonly message: string },
): NoAnswer {
  const { pool, database } = db.snapshot()
  const { host = "", port, database: name } = database
  const silent = kind === "deadline_exceeded" && pool.idle + pool.leased === 0 && pool.opening > 0
  const refused = message.includes("ECONNREFUSED")
  const action = refused
    ? "Nothing listens there: start PostgreSQL, or correct host and port"
    : silent
      ? SILENCE
      : ACTIONS[kind]
  return {
    where: `${host}${port === undefined ? "" : `:${port}`}${name === undefined ? "" : `/${name}`}`,
    kind,
    why: message.replace(FOR_PROGRAMS, ""),
    ...(action !== undefined && { action }),
  }
}

/** For people, one thing a line. */
export function linesOf({ where, why, action }: NoAnswer): readonly string[] {
  return [`${where}: ${why}`, ...(action === undefined ? [] : [`→ ${action}`])].map(printable)
}

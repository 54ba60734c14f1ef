import type { Heal } from "./failure.ts"
import { healable, loss, misconfigured } from "./row.ts"
import type { Circumstances, Row } from "./row.ts"
import { rowOfSqlState } from "./sqlstate.ts"
import type { Layer } from "./layers.ts"

/**
 * What poolers say in the server's place, recognised by what is missing: only PostgreSQL signs its errors with the source file
 * and routine. Verified with PgBouncer 1.18, which says everything, a server's own words at login included, as FATAL 08P01.
 *
 * None of them is translated. First match wins, so texts that quote another one come first.
 */
export const POOLER_TEXTS: readonly (readonly [RegExp, Row])[] = [
  // Down or full behind the pooler: it kept the statement, the server never got it.
  [/^server login has been failing/, loss("pooler_unavailable", { says: "unforwarded", heal: "find_primary" })],
  [/query_wait_timeout/, loss("pooler_unavailable", { says: "unforwarded" })],
  [/client_login_timeout/, loss("pooler_unavailable", { says: "unforwarded" })],
  [/server DNS lookup failed/, loss("pooler_unavailable", { says: "unforwarded" })],
  [/max_client_conn|^client connections exceeded|max client connections reached/i, full()],
  [/^(sorry, too many clients already|remaining connection slots|too many connections for)/, full()],
  [/checkout timeout|could not get connection from the pool|all (replicas|servers) (are )?down/i, waiting()],

  // Switched off by its administrator.
  [/^pgbouncer is shutting down|^pooler is shutting down|^server shutting down/, waiting()],
  [/^the database system is /, loss("server_starting", { says: "unforwarded", heal: "find_primary" })],
  [/^database .* is (disabled|paused)/, waiting()],

  // Named statements and a pooler that hands out another session each time.
  [
    /^prepared statement (name is already in use|".*" already exists)/,
    healable("prepared_statement_exists", { says: "unforwarded" }),
  ],
  [
    /^prepared statement (did not exist|".*" does not exist)/,
    healable("prepared_statement_missing", { says: "unforwarded" }),
  ],

  // Its settings and ours do not fit together.
  [/^transaction blocks not allowed in statement pooling mode/, refused("configuration")],
  [/^unsupported (startup )?parameter|^bouncer config error/, refused("configuration")],
  // The session did not take the client's settings, which come before its statement: either one of them is wrong, or the
  // session died of something else at that moment (seen with PgBouncer 1.18).
  [/^invalid server parameter/, waiting()],
  [/^no such database|^database ".*" does not exist|^tenant or user not found/i, refused("configuration")],
  // About ours; what PgBouncer says of its own with the server is in words of the server.
  [/^SASL authentication failed/, refused("authentication_failed", "new_credentials")],
  [
    /password authentication failed|authentication (error|failed)|^no such user|^role ".*" does not exist/i,
    refused("authentication_failed"),
  ],

  // The server died, or the pooler hung up on it, perhaps while it was at work: nobody knows how far it came.
  [/^server conn crashed\?|^server closed the connection|^server connection closed/, loss("connection_failed")],
  [/query[ _]timeout/, loss("connection_failed")],
  [/idle transaction timeout/, loss("connection_failed", { blame: "client" })],
  // It hangs up on those only that have no session: whatever was on its way got no further.
  [/client_idle_timeout/, loss("connection_failed", { blame: "client", pace: "quick", says: "unforwarded" })],
]

/** What poolers pass on or say only while they log in to the server, so that no statement can have been on its way. */
const LOGIN_CODES: ReadonlySet<string> = new Set("08001 08004 28000 28P01 3D000 53300 57P03".split(" "))

/** Never undefined: a pooler that complains hangs up, and nothing it says vouches for the server. */
export function rowOfPooler(said: Layer, circumstances: Circumstances): Row {
  const { rank, evidence } = circumstances
  const told = POOLER_TEXTS.find(([text]) => text.test(said.message))
  if (told !== undefined) return told[1]

  if (said.code === undefined || said.code === "08P01") return loss("connection_failed")
  // Not "error": that would be the server's own word.
  const row = rowOfSqlState(said, { evidence, rank: rank === "error" ? "unknown" : rank })
  if (row === undefined) return loss("connection_failed")
  const survived = rank === "error" && evidence.ready
  return {
    ...row,
    connection: survived || row.connection === "discard_generation" ? row.connection : "discard",
    ...(LOGIN_CODES.has(said.code) && { says: "unforwarded" }),
  }
}

function full(): Row {
  return loss("too_many_connections", { says: "unforwarded" })
}

function waiting(): Row {
  return loss("pooler_unavailable", { says: "unforwarded" })
}

function refused(kind: "configuration" | "authentication_failed", heal?: Heal): Row {
  return misconfigured(kind, { says: "unforwarded", ...(heal !== undefined && { heal }) })
}

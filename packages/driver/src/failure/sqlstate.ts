import { conflict, fault, healable, loss, misconfigured, rowIn, strain } from "./row.ts"
import type { Cell, Circumstances, Row } from "./row.ts"
import type { Layer } from "./layers.ts"

/**
 * What each SQLSTATE means here and how to go on, for what PostgreSQL itself says. A new code is a new row.
 *
 * Codes and names are those of Appendix A of PostgreSQL's manual. Where a code alone does not decide, `routine` does (the C
 * function that raised it; never translated), then the phase, then the text, which the server may have translated.
 */
const CODES: Readonly<Record<string, Cell>> = {
  // 01: all is well, but. Only a notice carries these, unless a function raises them.
  "01000": (said, { rank }) =>
    rank === "notice" && said.routine === "SyncRepWaitForLSN" ? UNCONFIRMED : raisedUnlessNotice(rank),

  // 08: from PostgreSQL itself, the connection that failed is a foreign one, of dblink or a foreign data wrapper.
  "08000": (_, now) => foreignOr(loss("connection_failed"), now),
  "08001": (_, now) => foreignOr(loss("connection_failed", { heal: "find_primary" }), now),
  "08003": (_, now) => foreignOr(loss("connection_failed"), now),
  "08004": (_, now) => foreignOr(loss("connection_failed", { heal: "find_primary" }), now),
  "08006": (_, now) => foreignOr(loss("connection_failed"), now),
  "08007": loss("connection_failed", { says: "outcome-unknown" }),
  // As many parameters as the text names are the statement's affair, and the session goes on.
  "08P01": (said) =>
    said.routine === "exec_bind_message"
      ? fault("invalid_statement")
      : fault("protocol_violation", { blame: "client" }),

  // A table changed under a prepared statement; whoever else has prepared it has the same in store.
  "0A000": (said) =>
    said.routine === "RevalidateCachedQuery"
      ? healable("cached_plan_changed", { connection: "discard_generation" })
      : fault("invalid_statement"),

  "21000": fault("data_exception"),

  "23000": fault("integrity_constraint_violation"),
  "23001": fault("foreign_key_violation"), // ON DELETE or ON UPDATE RESTRICT, since PostgreSQL 18
  "23502": fault("not_null_violation"),
  "23503": fault("foreign_key_violation"),
  "23505": fault("unique_violation"),
  "23514": fault("check_violation"),
  "23P01": fault("exclusion_violation"),

  // A write in a transaction that we, or its own SQL, made read-only is the statement's fault; elsewhere the server has become
  // a standby, or is one as it always was: then the others in the pool are no better and no worse.
  "25006": (_, { evidence }) =>
    evidence.readOnly || evidence.serverWrites === "yes"
      ? fault("read_only_transaction")
      : strain("read_only_transaction", {
          connection: evidence.serverWrites === "never" ? "discard" : "discard_generation",
          heal: "find_primary",
        }),
  "25P01": (_, { evidence }) =>
    evidence.phase === "commit"
      ? loss("invalid_transaction_state", { retry: "never", says: "outcome-unknown" })
      : fault("invalid_transaction_state"),
  "25P02": fault("transaction_aborted"),
  "25P03": loss("idle_in_transaction_timeout", { blame: "client", retry: "transaction", pace: "quick" }),
  "25P04": loss("transaction_timeout", { blame: "statement", retry: "never" }),

  "26000": healable("prepared_statement_missing"),

  "34000": conflict("cursor_missing"),
  "3D000": (_, now) => (opening(now) ? misconfigured("configuration") : fault("invalid_statement")),

  "40000": conflict("serialization_failure"),
  "40001": conflict("serialization_failure"),
  "40002": fault("integrity_constraint_violation"),
  "40003": loss("connection_failed", { says: "outcome-unknown" }),
  "40P01": conflict("deadlock_detected"),

  "42501": (_, now) => (opening(now) ? misconfigured("insufficient_privilege") : fault("insufficient_privilege")),
  "42P05": healable("prepared_statement_exists"),

  "44000": fault("check_violation"),

  "53000": strain("resource_exhausted"),
  "53100": strain("resource_exhausted", { retry: "reads" }), // disk full: writing again only makes it worse
  "53200": strain("resource_exhausted", { retriesMax: 1 }),
  "53300": loss("too_many_connections"),
  "53400": fault("resource_exhausted"), // a limit that this statement exceeds every time, as temp_file_limit

  "55006": strain("object_in_use", { blame: "statement", retry: "statement" }),
  "55P03": (said) => conflict(said.routine === "ProcessInterrupts" ? "lock_timeout" : "lock_not_available"),

  "57000": strain("query_canceled", { retriesMax: 1 }),
  "57014": (said, now) => canceled(said, now),
  "57P01": (_, { rank }) =>
    loss("server_shutdown", {
      retry: "transaction",
      connection: rank === "notice" ? "discard_generation" : "discard",
    }),
  "57P02": loss("server_crashed", { retry: "transaction", connection: "discard_generation" }),
  "57P03": loss("server_starting", { heal: "find_primary" }),
  "57P04": misconfigured("configuration"),
  "57P05": loss("connection_failed", { blame: "client", pace: "quick" }),

  "58030": strain("server_error", { retry: "reads", connection: "discard" }),

  "72000": conflict("serialization_failure"), // snapshot too old, before PostgreSQL 17
  CR000: conflict("serialization_failure"), // CockroachDB's, once

  XX000: (said) => (CATALOG_RACE.test(said.message) ? conflict("server_error", { retriesMax: 1 }) : BROKEN),
  XX001: loss("data_corrupted", { retry: "never" }),
  XX002: loss("data_corrupted", { retry: "never" }),
}

/** What a code that has no row of its own means, by its first two characters. */
const CLASSES: Readonly<Record<string, Cell>> = {
  "00": (_, { rank }) => raisedUnlessNotice(rank),
  "01": (_, { rank }) => raisedUnlessNotice(rank),
  "02": (_, { rank }) => raisedUnlessNotice(rank),
  "03": fault("invalid_statement"),
  "08": (_, now) => foreignOr(loss("connection_failed"), now),
  "09": fault("raised_exception"),
  "0A": fault("invalid_statement"),
  "0B": fault("invalid_transaction_state"),
  "0F": fault("invalid_statement"),
  "0L": fault("invalid_statement"),
  "0P": fault("invalid_statement"),
  "0Z": fault("raised_exception"),
  "10": fault("data_exception"),
  "20": fault("raised_exception"),
  "21": fault("data_exception"),
  "22": fault("data_exception"),
  "23": fault("integrity_constraint_violation"),
  "24": fault("invalid_statement"),
  "25": fault("invalid_transaction_state"),
  "26": healable("prepared_statement_missing"),
  "27": fault("integrity_constraint_violation"),
  "28": (_, now) =>
    opening(now)
      ? misconfigured("authentication_failed", { heal: "new_credentials" })
      : fault("insufficient_privilege"),
  "2B": fault("invalid_statement"),
  "2D": fault("invalid_transaction_state"),
  "2F": fault("raised_exception"),
  "34": conflict("cursor_missing"),
  "36": fault("invalid_statement"),
  "38": fault("raised_exception"),
  "39": fault("raised_exception"),
  "3B": fault("invalid_transaction_state"),
  "3D": (_, now) => (opening(now) ? misconfigured("configuration") : fault("invalid_statement")),
  "3F": fault("invalid_statement"),
  "40": conflict("serialization_failure"),
  "42": fault("invalid_statement"),
  "44": fault("check_violation"),
  "53": strain("resource_exhausted"),
  "54": fault("invalid_statement"),
  "55": fault("invalid_statement"),
  "57": strain("query_canceled", { retriesMax: 1 }),
  "58": strain("server_error", { retry: "reads" }),
  "72": conflict("serialization_failure"),
  F0: loss("configuration"),
  HV: fault("server_error"),
  P0: fault("raised_exception"),
  XX: loss("server_error", { retry: "never" }),
}

/** Those with a row of their own, and the classes of the others: what docs/errors.md lists. */
export const SQLSTATES: readonly string[] = Object.keys(CODES).toSorted()
export const SQLSTATE_CLASSES: readonly string[] = Object.keys(CLASSES).toSorted()

/** The row of a code, or of its class; undefined for codes that applications make up. */
export function rowOfSqlState(said: Layer, circumstances: Circumstances): Row | undefined {
  const code = said.code ?? ""
  const cell = own(CODES, code) ?? own(CLASSES, code.slice(0, 2))
  return cell === undefined ? undefined : rowIn(cell, said, circumstances)
}

/** For codes in neither table: an ERROR is one that a function raised, anything worse is the end of the session. */
export function rowOfUnlisted({ rank }: Circumstances): Row {
  return rank === "fatal" ? loss("connection_failed") : raisedUnlessNotice(rank)
}

/** The server went down, and every session with it. */
export const CRASHED: Row = loss("server_crashed", { retry: "transaction", connection: "discard_generation" })

/** COMMIT stands here, but its wait for the synchronous standby was cut short. */
export const UNCONFIRMED: Row = {
  kind: "replication_unconfirmed",
  blame: "server",
  retry: "never",
  pace: "slow",
  connection: "keep",
}

const BROKEN: Row = loss("server_error", { retry: "never" })

const NOTICE: Row = fault("raised_exception", { connection: "keep" })

/** Raised by elog(), whose texts PostgreSQL does not translate: somebody changed the catalog at the same moment. */
const CATALOG_RACE =
  /^(tuple (concurrently|already) (updated|deleted)|could not open relation with OID|cache lookup failed)/

function raisedUnlessNotice(rank: Circumstances["rank"]): Row {
  return rank === "notice" ? NOTICE : fault("raised_exception")
}

/** Is there a session yet? FATAL ends one, and what ends before it begins was refused. */
function opening({ rank, evidence }: Circumstances): boolean {
  return evidence.phase === "connect" || rank === "fatal"
}

function foreignOr(row: Row, now: Circumstances): Row {
  return now.rank === "error" && !opening(now) ? fault("connection_failed", { retry: "reads", pace: "slow" }) : row
}

/** `ProcessInterrupts` raises it for every reason, so only the text tells them apart, and that may be translated. */
function canceled(said: Layer, now: Circumstances): Row {
  if (opening(now)) return loss("connection_failed") // authentication took too long
  if (said.message.includes("statement timeout")) return fault("statement_timeout")
  if (!said.message.includes("user request") && now.evidence.backstop) return fault("statement_timeout")
  return conflict("query_canceled", { retriesMax: 1 })
}

/** Not `record[key]`: a code may be called "constructor". */
function own(record: Readonly<Record<string, Cell>>, key: string): Cell | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

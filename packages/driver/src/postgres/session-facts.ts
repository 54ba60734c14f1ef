import type { BackendIdentity } from "./claim.ts"
import { MARKER_TABLE } from "./marker-table.ts"
import { LIFE_COLUMNS, LIFE_COLUMNS_COUNT, lifeIn, type ServerLife } from "./server-life.ts"

/** What is known of a session from the moment that it was set up. */
export interface SessionFacts {
  /** As the server reports it, e.g. "18.4". */
  readonly serverVersion: string
  /** The session's own statement_timeout; 0 for none. */
  readonly statementTimeoutMs: number
  /** Where the session does not say otherwise. */
  readonly takesWrites: boolean
  /** A pooler is in between: the process that answered is not the one that the session's key is for. */
  readonly pooled: boolean
  /**
   * Undefined if the server does not tell, and behind a pooler, where each transaction may meet another one. Of a standby it is without
   * its timeline until the first transaction after its promotion has learnt that.
   */
  readonly life: ServerLife | undefined
  readonly systemId: string | undefined
  /** Of its WAL; as in `life`, and behind a pooler that of whoever answered first: later ones have that or a later one. */
  readonly timeline: string | undefined
  /** Undefined behind a pooler, for the same reason. */
  readonly backend: BackendIdentity | undefined
  /** The marker table is there, and may be written to. */
  readonly markers: boolean
}

/** What of it is for everybody. */
export interface ServerSummary {
  /** As the server reports it, e.g. "18.4". */
  readonly version: string
  /** Neither a standby nor told to be read-only. */
  readonly takesWrites: boolean
  /** A pooler is in between. */
  readonly pooled: boolean
}

export const NOTHING_KNOWN: SessionFacts = {
  serverVersion: "",
  statementTimeoutMs: 0,
  takesWrites: true,
  pooled: false,
  life: undefined,
  systemId: undefined,
  timeline: undefined,
  backend: undefined,
  markers: false,
}

const SETTINGS =
  "current_setting('server_version'), current_setting('transaction_read_only'), " +
  "(extract(epoch from current_setting('statement_timeout')::interval) * 1000)::float8::text"

/** What a transaction's own statement_timeout must not exceed, and what it takes to find out, later, what became of a COMMIT. */
export const FACTS: string =
  `select ${LIFE_COLUMNS}, ${SETTINGS}, pg_backend_pid()::text, ` +
  "(select extract(epoch from backend_start) from pg_stat_get_activity(pg_backend_pid()))::text, " +
  `coalesce(has_table_privilege(to_regclass('${MARKER_TABLE}'), 'INSERT') and ` +
  `has_table_privilege(to_regclass('${MARKER_TABLE}'), 'SELECT'), false)::text`

/** Of a server that does not tell everybody who it is: then no lost COMMIT can be looked for there by its number. */
export const FEWER_FACTS: string = `select ${"null, ".repeat(LIFE_COLUMNS_COUNT)}${SETTINGS}, pg_backend_pid()::text, null, 'false'`

/** @param fields the answer to FACTS */
export function sessionFacts(fields: readonly (string | null)[], keyedProcessId: number): SessionFacts {
  const [serverVersion, readOnly, statementTimeoutMs, processId, startedAt, markers] = fields.slice(LIFE_COLUMNS_COUNT)
  const life = lifeIn(fields)
  const pooled = processId !== undefined && Number(processId) !== keyedProcessId
  return {
    serverVersion: serverVersion ?? "",
    takesWrites: readOnly === "off",
    statementTimeoutMs: Number(statementTimeoutMs ?? 0),
    pooled,
    life: pooled ? undefined : life,
    systemId: life?.systemId,
    timeline: life?.timeline,
    backend: pooled || !startedAt ? undefined : { processId: keyedProcessId, startedAt },
    markers: markers === "true",
  }
}

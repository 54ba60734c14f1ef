import type { Claim, Resolution } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Step } from "../postgres/request.ts"
import { MARKER_TABLE } from "../postgres/marker-table.ts"
import { LIFE_COLUMNS, lifeIn } from "../postgres/server-life.ts"
import type { SessionFacts } from "../postgres/session-facts.ts"
import type { Machine } from "./machine.ts"

/**
 * How a COMMIT on this connection can be proved: without the table markers fall back to numbers, which a server must let us compare.
 * So does a session that was opened on a standby, until it has learnt with its first number which timeline it writes.
 */
export function proofOn({ resolution }: Pick<Machine, "resolution">, { facts }: PgConnection): Resolution {
  const located = facts.systemId !== undefined && (facts.timeline !== undefined || facts.pooled)
  if (resolution === "marker" && facts.markers && located) return "marker"
  return resolution === "off" || facts.systemId === undefined ? "off" : "xid"
}

/**
 * The question that rides behind a statement: which number has the transaction got by now? Where the session does not say it, also:
 * in which life of which server? Behind a pooler the next transaction may meet another server, and a session that was opened on a
 * standby may outlive its promotion, with which a new timeline begins.
 *
 * @param forced a number is assigned if there is none: for what writes only at COMMIT (NOTIFY)
 */
export function xidRider({ life }: SessionFacts, forced: boolean): Step {
  const xid = forced ? "pg_current_xact_id()::text" : "pg_current_xact_id_if_assigned()::text"
  return { do: "learn", sql: life?.timeline === undefined ? `select ${xid}, ${LIFE_COLUMNS}` : `select ${xid}` }
}

/** @param learnt what the rider was told on this connection */
export function xidClaim(connection: PgConnection, learnt: readonly (string | null)[] | undefined): Claim | undefined {
  if (learnt === undefined) return undefined
  const { facts } = connection
  const [xid, ...lifeFields] = learnt
  const life = lifeFields.length > 0 ? lifeIn(lifeFields) : facts.life
  // A promoted server does not go back into recovery without ending its sessions: this holds from now on.
  if (!facts.pooled && life !== facts.life && life?.timeline !== undefined) {
    connection.facts = { ...facts, life, timeline: life.timeline }
  }
  if (!xid) return { by: "nothing" }
  return life === undefined ? undefined : { by: "xid", xid, life }
}

export function markerClaim(
  machine: Pick<Machine, "markerId">,
  { systemId, timeline, backend }: SessionFacts,
): MarkerClaim {
  return { by: "marker", id: machine.markerId(), systemId: systemId ?? "", timeline, backend }
}

type MarkerClaim = Extract<Claim, { readonly by: "marker" }>

/** The row that proves the COMMIT which follows it; none where nothing was written, so that a transaction that only read gets no number. */
export function markerInsert({ id }: MarkerClaim): string {
  return `insert into ${MARKER_TABLE} (id) select '${id}' where pg_current_xact_id_if_assigned() is not null`
}

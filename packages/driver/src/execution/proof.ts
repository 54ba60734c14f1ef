import type { Claim, Resolution } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Step } from "../postgres/request.ts"
import { MARKER_TABLE } from "../postgres/marker-table.ts"
import { LIFE_COLUMNS, lifeIn } from "../postgres/server-life.ts"
import type { SessionFacts } from "../postgres/session-facts.ts"
import type { Machine } from "./machine.ts"

/** How a COMMIT on this connection can be proved: without the table markers fall back to numbers, which a server must let us compare. */
export function proofOn({ resolution }: Pick<Machine, "resolution">, { facts }: PgConnection): Resolution {
  if (resolution === "marker" && facts.markers && facts.systemId !== undefined) return "marker"
  return resolution === "off" || facts.systemId === undefined ? "off" : "xid"
}

/**
 * The question that rides behind a statement: which number has the transaction got by now? Behind a pooler, whose next
 * transaction may meet another server, also: in which life of which server?
 *
 * @param forced a number is assigned if there is none: for what writes only at COMMIT (NOTIFY)
 */
export function xidRider({ pooled }: SessionFacts, forced: boolean): Step {
  const xid = forced ? "pg_current_xact_id()::text" : "pg_current_xact_id_if_assigned()::text"
  return { do: "learn", sql: pooled ? `select ${xid}, ${LIFE_COLUMNS}` : `select ${xid}` }
}

/** @param learnt what the rider was told */
export function xidClaim({ life }: SessionFacts, learnt: readonly (string | null)[] | undefined): Claim | undefined {
  if (learnt === undefined) return undefined
  const [xid] = learnt
  if (!xid) return { by: "nothing" }
  const lived = life ?? lifeIn(learnt.slice(1))
  return lived === undefined ? undefined : { by: "xid", xid, life: lived }
}

export function markerClaim(machine: Pick<Machine, "markerId">, { systemId, backend }: SessionFacts): MarkerClaim {
  return { by: "marker", id: machine.markerId(), systemId: systemId ?? "", backend }
}

type MarkerClaim = Extract<Claim, { readonly by: "marker" }>

/** The row that proves the COMMIT which follows it; none where nothing was written, so that a transaction that only read gets no number. */
export function markerInsert({ id }: MarkerClaim): string {
  return `insert into ${MARKER_TABLE} (id) select '${id}' where pg_current_xact_id_if_assigned() is not null`
}

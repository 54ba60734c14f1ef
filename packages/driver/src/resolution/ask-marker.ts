import type { Claim } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import { MARKER_TABLE } from "../postgres/marker-table.ts"
import { isBefore, TIMELINE } from "../postgres/server-life.ts"
import type { BackendSeen, Look } from "./finding.ts"
import { askRow, sqlStateOf, type Around } from "./side-connection.ts"
import { SYNCHRONOUS } from "./standby.ts"

export type MarkerClaim = Extract<Claim, { readonly by: "marker" }>

/** How long the fence waits behind the transaction that it is about, milliseconds: others may wait for the same connection. */
const FENCE_WAIT_MS = 100

/** What a server shows of a marker, once the fence stands. */
export interface MarkerSeen {
  readonly state: string | undefined
  /** How many rows the transaction has left word of. */
  readonly affected: bigint | undefined
  readonly systemId: string | undefined
  readonly timeline: string | undefined
  /** COMMIT means there that a synchronous standby has it too. */
  readonly synchronous: boolean
}

/** What that means. A fence holds on the timeline that it is on and on later ones; it is nothing to a server that has gone another way. */
export function judgeMarker(claim: Pick<MarkerClaim, "systemId" | "timeline">, seen: MarkerSeen): Look {
  const { state, affected, systemId, synchronous } = seen
  if (systemId !== claim.systemId) return { effect: "unknown", why: "another database cluster answers" }
  if (isBefore(seen, claim))
    return { effect: "undecided", why: "a server answers that another one has taken over from" }
  if (state === "fenced") return { effect: "not_applied" }
  if (state === "committed") {
    return { effect: synchronous ? "committed" : "applied", ...(affected !== undefined && { affected }) }
  }
  return { effect: "undecided", why: "the marker is neither there nor absent" }
}

/**
 * One look, which is also a fence: it takes the marker's key, unless the transaction has committed with it. From then on the
 * transaction cannot commit any more (its own marker would be refused, 23505), so the answer stays true whatever is still on its way.
 */
export async function askMarker(connection: PgConnection, claim: MarkerClaim): Promise<Look> {
  const asked = await askRow(connection, STATE(claim.id), FENCE(claim.id))
  if (asked.ok) {
    const [state, affected, systemId, timeline, synchronous] = asked.fields
    return judgeMarker(claim, {
      state: state ?? undefined,
      affected: affected ? BigInt(affected) : undefined,
      systemId: systemId ?? undefined,
      timeline: timeline ?? undefined,
      synchronous: synchronous === "true",
    })
  }
  switch (sqlStateOf(asked.error)) {
    case LOCK_NOT_AVAILABLE: {
      const backend = await backendOf(connection, claim)
      return {
        effect: "undecided",
        why: "the transaction is still in progress",
        ...(backend !== undefined && { backend }),
      }
    }
    case UNDEFINED_TABLE:
    case UNDEFINED_SCHEMA:
    case INSUFFICIENT_PRIVILEGE:
      return { effect: "unknown", why: `the table ${MARKER_TABLE} is gone, or may no longer be written to` }
    default:
      return { effect: "undecided", why: asked.why }
  }
}

/** Ends the session that has written the marker and not committed it. */
export async function terminateMarked(connection: PgConnection, { backend }: MarkerClaim): Promise<void> {
  if (backend === undefined) return
  await askRow(
    connection,
    `select pg_terminate_backend(pid)::text from pg_stat_activity where pid = ${backend.processId} ` +
      `and extract(epoch from backend_start)::text = '${backend.startedAt}' and wait_event is distinct from 'SyncRep'`,
  )
}

const LOCK_NOT_AVAILABLE = "55P03"
const UNDEFINED_TABLE = "42P01"
const UNDEFINED_SCHEMA = "3F000"
const INSUFFICIENT_PRIVILEGE = "42501"

/**
 * Committed locally: it must not wait for the standby that the transaction may be waiting for. Only then is it said so, because the
 * question asks what COMMIT means otherwise.
 */
function FENCE(id: string): Around {
  return {
    before: [
      "begin isolation level read committed read write",
      `set local lock_timeout = ${FENCE_WAIT_MS}`,
      `insert into ${MARKER_TABLE} (id, state) values ('${id}', 'fenced') on conflict (id) do nothing`,
    ],
    after: ["set local synchronous_commit = local", "commit"],
  }
}

function STATE(id: string): string {
  return (
    `select (select state from ${MARKER_TABLE} where id = '${id}'), ` +
    `(select affected::text from ${MARKER_TABLE} where id = '${id}'), ` +
    `(select system_identifier from pg_control_system())::text, ${TIMELINE}, ${SYNCHRONOUS}`
  )
}

async function backendOf(connection: PgConnection, { backend }: MarkerClaim): Promise<BackendSeen | undefined> {
  if (backend === undefined) return undefined
  const asked = await askRow(
    connection,
    "select max(pid)::text, coalesce(max(wait_event), ''), coalesce(max(state), '') from pg_stat_activity " +
      `where pid = ${backend.processId} and extract(epoch from backend_start)::text = '${backend.startedAt}'`,
  )
  const [pid, waitEvent, state] = asked.ok ? asked.fields : []
  if (!pid) return undefined
  return { processId: Number(pid), awaitsStandby: waitEvent === "SyncRep", active: state === "active" }
}

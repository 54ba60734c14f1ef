import type { Claim } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import {
  isBefore,
  LIFE_COLUMNS,
  LIFE_COLUMNS_COUNT,
  lifeIn,
  sameLife,
  whileItLives,
  type ServerLife,
} from "../postgres/server-life.ts"
import type { BackendSeen, Look } from "./finding.ts"
import { askRow, sqlStateOf } from "./side-connection.ts"
import { SYNCHRONOUS } from "./standby.ts"

export type XidClaim = Extract<Claim, { readonly by: "xid" }>

/** What a server says of a transaction's number. */
export interface XidSeen {
  readonly life: ServerLife | undefined
  readonly inRecovery: boolean
  /** COMMIT means there that a synchronous standby has it too. */
  readonly synchronous: boolean
  /** As `pg_xact_status` says it; `future`: a number that this server has never handed out. */
  readonly status: "committed" | "aborted" | "in progress" | "future" | undefined
  readonly backend: BackendSeen | undefined
}

/**
 * What that means. In the life that the number was handed out in, the status is the answer. In a later one only this is certain:
 * a number that is aborted, running or unknown there is not that of a committed transaction of the earlier life, for what is
 * committed stays so, and its number is not handed out again. "Committed" may be somebody else's.
 */
export function judgeXid({ life: earlier }: Pick<XidClaim, "life">, seen: XidSeen): Look {
  const { life, inRecovery, synchronous, status, backend } = seen
  if (inRecovery) return { effect: "undecided", why: "the server that answers is in recovery" }
  if (life?.systemId !== earlier.systemId) return { effect: "unknown", why: "another database cluster answers" }
  if (isBefore(life, earlier))
    return { effect: "undecided", why: "a server answers that another one has taken over from" }
  if (status === "aborted" || status === "future") return { effect: "not_applied" }
  if (!sameLife(earlier, life)) {
    if (status === "in progress") return { effect: "not_applied" }
    return {
      effect: "unknown",
      why: "the server has restarted since, and may have given the transaction's number away",
    }
  }
  if (status === "committed") return { effect: synchronous ? "committed" : "applied" }
  if (status === "in progress") {
    return {
      effect: "undecided",
      why: "the transaction is still in progress",
      ...(backend !== undefined && { backend }),
    }
  }
  return { effect: "unknown", why: "the server no longer keeps the status of so old a transaction" }
}

/** One look. */
export async function askXid(connection: PgConnection, claim: XidClaim): Promise<Look> {
  const asked = await askRow(connection, statusOf(claim.xid))
  if (asked.ok) return judgeXid(claim, seenIn(asked.fields))
  if (sqlStateOf(asked.error) !== INVALID_PARAMETER_VALUE) return { effect: "undecided", why: asked.why }
  // In the future: of which server?
  const who = await askRow(connection, WHO)
  if (!who.ok) return { effect: "undecided", why: who.why }
  return judgeXid(claim, { ...seenIn(who.fields), status: "future" })
}

/**
 * Ends the transaction, so that the answer cannot change any more. Only the backend that has this number, in the life of
 * the server in which it means this transaction, and not while it waits for the standby.
 */
export async function terminateXid(connection: PgConnection, { xid, life }: XidClaim): Promise<void> {
  await askRow(
    connection,
    "select pg_terminate_backend(pid)::text from pg_stat_activity " +
      `where backend_xid = xid('${xid}'::xid8) and wait_event is distinct from 'SyncRep' and ${whileItLives(life)}`,
  )
}

/** 22023: "transaction ID … is in the future" (src/backend/utils/adt/xid8funcs.c). */
const INVALID_PARAMETER_VALUE = "22023"

const WHO = `select ${LIFE_COLUMNS}, pg_is_in_recovery()::text, ${SYNCHRONOUS}`

function statusOf(xid: string): string {
  return (
    `${WHO}, case when pg_is_in_recovery() then null else pg_xact_status('${xid}'::xid8) end, ` +
    "b.pid::text, coalesce(b.wait_event, ''), coalesce(b.state, '') from (select 1) one left join lateral " +
    `(select pid, wait_event, state from pg_stat_activity where backend_xid = xid('${xid}'::xid8) limit 1) b on true`
  )
}

function seenIn(fields: readonly (string | null)[]): XidSeen {
  const [inRecovery, synchronous, status, pid, waitEvent, state] = fields.slice(LIFE_COLUMNS_COUNT)
  return {
    life: lifeIn(fields),
    inRecovery: inRecovery === "true",
    synchronous: synchronous === "true",
    status: status === "committed" || status === "aborted" || status === "in progress" ? status : undefined,
    backend: pid
      ? { processId: Number(pid), awaitsStandby: waitEvent === "SyncRep", active: state === "active" }
      : undefined,
  }
}

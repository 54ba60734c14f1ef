import { pick } from "../random.ts"
import { APPLICATION } from "../store.ts"
import type { FaultContext } from "./fault.ts"

/** Backends that are doing something for the callers right now, or wait for them in a transaction. */
export async function busyBackends({ admin }: Pick<FaultContext, "admin">): Promise<readonly number[]> {
  const rows = await admin.ask(
    `select pid from pg_stat_activity
     where application_name = $1 and state <> 'idle' and datname = current_database() order by pid`,
    [APPLICATION],
  )
  return rows.map(({ pid }) => Number(pid))
}

/** One of them, or undefined if none is at work. */
export async function someBackend(context: Pick<FaultContext, "admin" | "random">): Promise<number | undefined> {
  const pids = await busyBackends(context)
  return pids.length === 0 ? undefined : pick(context.random, pids)
}

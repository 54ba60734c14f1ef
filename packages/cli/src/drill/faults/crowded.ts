import { SERVER_CONNECTIONS } from "../world.ts"
import type { Fault, FaultContext } from "./fault.ts"
import { busyBackends } from "./backends.ts"
import { integer } from "../random.ts"

/** The server keeps a few sessions for superusers, which the callers are not. */
const RESERVED = 3
export const FAULT_SESSIONS_MAX: number = SERVER_CONNECTIONS - RESERVED

/** Somebody else takes every session that is free, for a while. */
export async function occupySessions(
  { admin, sleep }: Pick<FaultContext, "admin" | "sleep">,
  sessions: number,
  heldMs: number,
): Promise<void> {
  let open = true
  const occupy = (): Promise<unknown> =>
    admin.during(async () => {
      while (open) await sleep(20)
    })
  const occupied = Array.from({ length: sessions }, () => occupy().catch(() => {}))
  await sleep(heldMs)
  open = false
  await Promise.all(occupied)
}

/** The server has no session left, and the callers need new ones. */
const crowded: Fault = {
  name: "crowded",
  title: "server full",
  claims: "server",
  async inject(context) {
    const { admin, random, sleep } = context
    const occupied = occupySessions(context, FAULT_SESSIONS_MAX, integer(random, 500, 2_000))
    await sleep(200)
    const victims = (await busyBackends(context)).slice(0, integer(random, 2, 6))
    await admin.ask("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [victims])
    await occupied
    return "hurt"
  },
}

export const crowding: readonly Fault[] = [crowded]

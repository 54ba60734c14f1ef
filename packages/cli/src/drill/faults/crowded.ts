import { SERVER_CONNECTIONS } from "../world.ts"
import type { Fault, FaultContext } from "./fault.ts"
import { busyBackends } from "./backends.ts"
import { integer } from "../random.ts"

/** The server keeps a few sessions for superusers, which the callers are not. */
const RESERVED = 3
export const FAULT_SESSIONS_MAX: number = SERVER_CONNECTIONS - RESERVED

const LOOK_EVERY_MS = 50
/** Until everybody who wants a session has tried. */
const SETTLING_MS = 200

/** Somebody else takes every session that is free, for a while. */
export async function occupySessions(
  { visitor, sleep }: Pick<FaultContext, "visitor" | "sleep">,
  sessions: number,
  heldMs: number,
): Promise<void> {
  let open = true
  const occupy = async (): Promise<void> => {
    while (open) {
      await visitor
        .during(async () => {
          while (open) await sleep(LOOK_EVERY_MS)
        })
        // There is none for it yet.
        .catch(() => sleep(LOOK_EVERY_MS))
    }
  }
  const occupied = Array.from({ length: sessions }, occupy)
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
    const victims = (await busyBackends(context)).slice(0, integer(random, 2, 6))
    // Their places are taken as soon as they are free.
    const occupied = occupySessions(context, FAULT_SESSIONS_MAX, integer(random, 300, 2_000))
    await sleep(SETTLING_MS)
    await admin.ask("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [victims])
    await occupied
    return "hurt"
  },
}

export const crowding: readonly Fault[] = [crowded]

import { beforeCommitReachesServer, cut } from "@kysely-resilient/testing"

import { integer, pick } from "../random.ts"
import { arm } from "./armed.ts"
import { someBackend } from "./backends.ts"
import { FAULT_SESSIONS_MAX, occupySessions } from "./crowded.ts"
import type { Fault, FaultContext } from "./fault.ts"
import { LOST_ANSWERS } from "./instants.ts"

/** A COMMIT or a write loses its answer, and before anybody can ask what became of it, the next thing happens. */
function lostAndThen(
  name: string,
  title: string,
  claims: Fault["claims"],
  then: (context: FaultContext) => Promise<unknown>,
): Fault {
  return {
    name: `lost-${name}`,
    title: `lost, then ${title}`,
    claims,
    inject(context) {
      const { random } = context
      const when = random() < 0.2 ? beforeCommitReachesServer : LOST_ANSWERS(random)
      return arm(context, { when, do: cut() }, () => then(context))
    },
  }
}

export const doubles: readonly Fault[] = [
  lostAndThen("crash", "backend killed", "server", async ({ admin, server, random }) => {
    const victim = await someBackend({ admin, random })
    if (victim !== undefined) await server.crashBackend(victim)
  }),
  lostAndThen("restart", "restart", "server", ({ server, random, sleep }) =>
    server.restart(pick(random, ["immediate", "fast", "power cut"] as const), () => sleep(integer(random, 0, 1_000))),
  ),
  lostAndThen("refused", "refused", "network", async ({ proxy, random, sleep }) => {
    try {
      proxy.refuse(true)
      await sleep(integer(random, 200, 2_500))
    } finally {
      proxy.refuse(false)
    }
  }),
  lostAndThen("blackhole", "network swallows", "network", async ({ proxy, random, sleep }) => {
    try {
      proxy.stallAll(pick(random, ["toServer", "toClient", "both"] as const))
      await sleep(integer(random, 200, 2_000))
    } finally {
      proxy.resumeAll()
    }
  }),
  lostAndThen("crowded", "server full", "server", (context) =>
    occupySessions(context, FAULT_SESSIONS_MAX, integer(context.random, 200, 1_500)),
  ),
]

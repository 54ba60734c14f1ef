import { afterCommitIsSent, beforeCommitReachesServer, call, cut } from "@kysely-resilient/testing"

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

/**
 * The server has the COMMIT and does not come to do it: its backend is halted, and the connection is lost. When it wakes up it would still
 * commit, unless whoever asked meanwhile has made sure that it cannot.
 */
const lostAndLate: Fault = {
  name: "lost-late",
  title: "lost, then COMMIT late",
  claims: "server",
  async inject(context) {
    const { admin, proxy, server, random, sleep } = context
    const left: number[] = []
    const halted: Promise<unknown>[] = []
    const haltAndLose = call(async ({ backendPid, connection }) => {
      if (backendPid === undefined) return
      const asleep = Promise.withResolvers<void>()
      const halting = server.halt(backendPid, () => {
        asleep.resolve()
        return sleep(integer(random, 100, LATE_MAX_MS))
      })
      left.push(backendPid)
      halted.push(halting)
      await Promise.race([asleep.promise, halting])
      proxy.rule({ when: afterCommitIsSent, connection, do: cut({ side: "client" }) })
    })
    try {
      return await arm(context, { when: beforeCommitReachesServer, do: haltAndLose })
    } finally {
      await Promise.all(halted)
      // The network tells the server in the end.
      await admin.ask("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [left])
    }
  },
}

const LATE_MAX_MS = 1_500

export const doubles: readonly Fault[] = [
  lostAndLate,
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

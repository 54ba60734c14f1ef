import { integer, pick, shuffled } from "../random.ts"
import { APPLICATION } from "../store.ts"
import { busyBackends, someBackend } from "./backends.ts"
import type { Fault } from "./fault.ts"

const DOWN_MAX_MS = 1_200
const HALTED_MAX_MS = 1_800

/** As an administrator or a failover script does it: to some, or to everybody, resting connections included. */
const terminate: Fault = {
  name: "terminate",
  title: "backends terminated",
  claims: "nothing",
  async inject({ admin, random }) {
    if (random() < 0.3) {
      const all = await admin.ask(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1",
        [APPLICATION],
      )
      return all.length === 0 ? "missed" : "hurt"
    }
    const victims = shuffled(await busyBackends({ admin }), random).slice(0, integer(random, 1, 5))
    if (victims.length === 0) return "missed"
    await admin.ask("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [victims])
    return "hurt"
  },
}

/** The kernel's memory killer does it: one backend is gone, the server throws out everybody and recovers from its log. */
const crash: Fault = {
  name: "crash",
  title: "backend killed",
  claims: "server",
  async inject({ admin, server, random }) {
    const victim = await someBackend({ admin, random })
    if (victim === undefined) return "missed"
    return (await server.crashBackend(victim)) ? "hurt" : "missed"
  },
}

function restart(how: "fast" | "immediate" | "power cut", title: string): Fault {
  return {
    name: `restart-${how.replace(" ", "-")}`,
    title,
    claims: "server",
    async inject({ server, random, sleep }) {
      await server.restart(how, () => sleep(integer(random, 0, DOWN_MAX_MS)))
      return "hurt"
    },
  }
}

/** It crashed and has much to recover: for a while it lets nobody in, and says so (57P03). */
const recovering: Fault = {
  name: "recovering",
  title: "long recovery",
  claims: "server",
  async inject({ server, random, sleep }) {
    await server.recover(() => sleep(integer(random, 100, DOWN_MAX_MS)))
    return "hurt"
  },
}

const haltServer: Fault = {
  name: "halt-server",
  title: "server halted",
  claims: "server",
  async inject({ server, random, sleep }) {
    await server.halt(undefined, () => sleep(integer(random, 200, HALTED_MAX_MS)))
    return "hurt"
  },
}

/** What it holds, others wait for. */
const haltBackend: Fault = {
  name: "halt-backend",
  title: "backend halted",
  claims: "server",
  async inject({ admin, server, random, sleep }) {
    const victim = await someBackend({ admin, random })
    if (victim === undefined) return "missed"
    return (await server.halt(victim, () => sleep(integer(random, 200, HALTED_MAX_MS)))) ? "hurt" : "missed"
  },
}

/** Somebody with a lock on everything, as migrations are. */
const locked: Fault = {
  name: "locked",
  title: "tables locked",
  claims: "nothing",
  async inject({ admin, random, sleep }) {
    const table = pick(random, ["ledger", "accounts", "facts"] as const)
    await admin.during(async ({ ask }) => {
      await ask("begin")
      await ask(`lock table ${table} in access exclusive mode`)
      await sleep(integer(random, 150, 1_200))
      await ask("rollback")
    })
    return "hurt"
  },
}

export const serverFaults: readonly Fault[] = [
  terminate,
  crash,
  restart("immediate", "immediate restart"),
  restart("fast", "fast restart"),
  restart("power cut", "power cut"),
  recovering,
  haltServer,
  haltBackend,
  locked,
]

import { Client } from "pg"
import type { OwnServer } from "../embedded/own-server.ts"
import { withClient } from "../sql-client.ts"

/** Which sessions a fault is for; everything that is given must hold. */
export interface Victims {
  readonly backendPid?: number | undefined
  readonly database?: string | undefined
  readonly applicationName?: string | undefined
}

/** A fault that has struck. Lifting it again does nothing. */
export interface StruckFault extends AsyncDisposable {
  /** The sessions that it was for; empty for one of the whole server. */
  readonly backendPids: readonly number[]
  /** Ends what can end (starts what was stopped, wakes what was halted), and waits until a query works again. */
  lift(): Promise<void>
}

/** Resolves when it has struck. */
export type ServerFault = (server: OwnServer, victims?: Victims) => Promise<StruckFault>

/** As an administrator does it, or a fail-over tool: sessions are told (57P01) and end. Needs only a URL. Default: all clients. */
async function terminate(server: { readonly url: string }, victims: Victims = {}): Promise<StruckFault> {
  const { backendPid = null, database = null, applicationName = null } = victims
  const rows = await withClient(server.url, async (client) => {
    const result = await client.query(
      `select pid, pg_terminate_backend(pid, $4) from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid()
         and pid = coalesce($1, pid) and datname = coalesce($2, datname) and application_name = coalesce($3, application_name)`,
      [backendPid, database, applicationName, TERMINATED_MS],
    )
    return result.rows
  })
  return struck(
    async () => {},
    rows.map(({ pid }) => Number(pid)),
  )
}

/** SIGKILL for one backend, as the kernel's memory killer does it: everybody is thrown out, and the server recovers. */
async function crashBackend(server: OwnServer, { backendPid }: Victims = {}): Promise<StruckFault> {
  await server.crashBackend(backendPid)
  return struck(() => server.ready(), backendPid === undefined ? [] : [backendPid])
}

/** SIGKILL for all of its processes: a power cut. It stays down until it is lifted. */
async function powerCut(server: OwnServer): Promise<StruckFault> {
  await server.crash()
  return struck(() => server.start())
}

/** Nothing is written and hardly anything said; it stays down (ECONNREFUSED) until it is lifted, and then recovers. */
async function stopImmediate(server: OwnServer): Promise<StruckFault> {
  await server.stopImmediate()
  return struck(() => server.start())
}

/** Clients are told (57P01), and it stays down (ECONNREFUSED) until it is lifted. */
async function stopFast(server: OwnServer): Promise<StruckFault> {
  await server.stopFast()
  return struck(() => server.start())
}

/** As for a minor upgrade: clients are told (57P01), and it is up again when this resolves. */
async function restart(server: OwnServer): Promise<StruckFault> {
  await server.restart("fast")
  return struck(() => server.ready())
}

/** SIGSTOP: sockets stay open, connections are accepted, and nobody answers. */
async function pause(server: OwnServer): Promise<StruckFault> {
  await server.pause()
  return struck(async () => {
    await server.resume()
    await server.ready()
  })
}

/** SIGSTOP for one backend; it must be named. */
async function pauseBackend(server: OwnServer, { backendPid }: Victims = {}): Promise<StruckFault> {
  if (backendPid === undefined) throw new Error("which backend is to be halted? Give { backendPid }")
  await server.pause(backendPid)
  return struck(() => server.resume(backendPid).catch(goneMeanwhile), [backendPid])
}

/** It crashed, has much to recover, and lets nobody in meanwhile (57P03). */
async function recovery(server: OwnServer): Promise<StruckFault> {
  await server.stopImmediate()
  await server.startRecovering()
  return struck(() => server.finishRecovery())
}

/** All of its connections are taken, those for superusers too: nobody new gets in (53300). Those that are in stay. */
async function full(server: { readonly url: string }): Promise<StruckFault> {
  const held: Client[] = []
  const letGo = async (): Promise<void> => {
    await Promise.all(held.map((client) => client.end().catch(() => {})))
  }
  for (;;) {
    const client = new Client({ connectionString: server.url, application_name: "kysely-resilient-testing" })
    client.on("error", () => {})
    try {
      await client.connect()
    } catch (problem) {
      if (problem instanceof Error && "code" in problem && problem.code === "53300") return struck(letGo)
      await letGo()
      throw problem
    }
    held.push(client)
  }
}

/** Every fault of a server, by name and with one interface: what a schedule of chaos goes through. */
export const serverFaults: {
  readonly terminate: (server: { readonly url: string }, victims?: Victims) => Promise<StruckFault>
  readonly crashBackend: ServerFault
  readonly powerCut: ServerFault
  readonly stopImmediate: ServerFault
  readonly stopFast: ServerFault
  readonly restart: ServerFault
  readonly pause: ServerFault
  readonly pauseBackend: ServerFault
  readonly recovery: ServerFault
  readonly full: (server: { readonly url: string }) => Promise<StruckFault>
} = { terminate, crashBackend, powerCut, stopImmediate, stopFast, restart, pause, pauseBackend, recovery, full }

export type ServerFaultName = keyof typeof serverFaults

/** How long a backend may take to obey; one that is halted, or waits for its standby, does not. */
const TERMINATED_MS = 2_000

/** A backend that has ended needs no waking. */
function goneMeanwhile(): void {}

function struck(end: () => Promise<void>, backendPids: readonly number[] = []): StruckFault {
  let lifted: Promise<void> | undefined
  const lift = (): Promise<void> => (lifted ??= end())
  return { backendPids, lift, [Symbol.asyncDispose]: lift }
}

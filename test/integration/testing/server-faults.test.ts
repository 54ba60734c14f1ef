import {
  afterServerHasCommit,
  call,
  serverFaults,
  startEmbeddedPostgres,
  startFaultProxy,
  type OwnServer,
  type ServerFaultName,
  type StruckFault,
} from "@kysely-resilient/testing"
import { setTimeout as sleep } from "node:timers/promises"
import { Client } from "pg"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"

let server: OwnServer
const clients: Client[] = []

beforeAll(async () => {
  server = await startEmbeddedPostgres({ maxConnections: 12 })
  const client = await open()
  await client.query("create table account (balance int)")
})

afterAll(() => server?.stop())

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})))
})

async function open(applicationName = "test", url = server.url): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: applicationName })
  client.on("error", () => {})
  clients.push(client)
  await client.connect()
  return client
}

/** The error of a query or a connection; "silence" if nothing comes for a moment. */
async function fateOf(outcome: Promise<unknown>): Promise<unknown> {
  const settled = outcome.then(
    () => "works",
    (error: { code?: string; message: string }) => error.code ?? error.message,
  )
  return Promise.race([settled, sleep(300, "silence")])
}

async function pidOf(client: Client): Promise<number> {
  return (await client.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid ?? 0
}

const LOST = expect.stringMatching(/57P0[12]|ECONNRESET|EPIPE|terminated|not queryable/)

/** What a client that is in, and one that comes, see of each fault while it is in force. */
const seen: Record<Exclude<ServerFaultName, "pauseBackend">, { readonly present: unknown; readonly next: unknown }> = {
  terminate: { present: LOST, next: "works" },
  crashBackend: { present: LOST, next: expect.stringMatching(/works|57P03/) },
  powerCut: { present: LOST, next: "ECONNREFUSED" },
  stopImmediate: { present: LOST, next: "ECONNREFUSED" },
  stopFast: { present: LOST, next: "ECONNREFUSED" },
  restart: { present: LOST, next: "works" },
  pause: { present: "silence", next: "silence" },
  recovery: { present: LOST, next: "57P03" },
  full: { present: "works", next: "53300" },
}

describe("a server fault", () => {
  it.each(Object.entries(seen))(
    "%s is seen as it should be, and what was stored is there when it is lifted",
    async (name, { present, next }) => {
      const client = await open()
      await client.query("truncate account")
      await client.query("insert into account values (1)")
      const strike: (server: OwnServer) => Promise<StruckFault> = Reflect.get(serverFaults, name)
      const fault = await strike(server)
      expect(await fateOf(client.query("select 1"))).toEqual(present)
      expect(await fateOf(open())).toEqual(next)
      await fault.lift()
      await fault.lift()
      expect((await (await open()).query("select balance from account")).rows).toEqual([{ balance: 1 }])
    },
  )

  it("pauseBackend halts one and leaves the others alone", async () => {
    const [victim, other] = [await open(), await open()]
    await using _ = await serverFaults.pauseBackend(server, { backendPid: await pidOf(victim) })
    const answer = victim.query("select 1")
    expect(await fateOf(answer)).toBe("silence")
    expect(await fateOf(other.query("select 1"))).toBe("works")
    await _.lift()
    expect(await fateOf(answer)).toBe("works")
    await expect(serverFaults.pauseBackend(server)).rejects.toThrow("which backend")
  })

  it("can be for some sessions only", async () => {
    const [chosen, other] = [await open("chosen"), await open("other")]
    const pid = await pidOf(chosen)
    const fault = await serverFaults.terminate(server, { applicationName: "chosen", database: "postgres" })
    expect(fault.backendPids).toEqual([pid])
    expect(await fateOf(chosen.query("select 1"))).toEqual(LOST)
    expect(await fateOf(other.query("select 1"))).toBe("works")
  })

  it("keeps the timeline through a recovery: nobody promoted it", async () => {
    const timeline = async (): Promise<unknown> =>
      (await (await open()).query("select timeline_id from pg_control_checkpoint()")).rows
    const before = await timeline()
    await (await serverFaults.recovery(server)).lift()
    expect(await timeline()).toEqual(before)
  })

  it("can strike at a named instant of the protocol", async () => {
    await using proxy = await startFaultProxy({ target: server })
    const client = await open("test", proxy.url(server.url))
    await client.query("truncate account")
    const rule = proxy.rule({
      when: afterServerHasCommit,
      do: call(({ backendPid }) => serverFaults.crashBackend(server, { backendPid })),
    })
    await client.query("begin")
    await client.query("insert into account values (2)")
    await fateOf(client.query("commit"))
    expect((await rule.done).sql).toEqual(["commit"])
    await server.ready()
    expect((await (await open()).query("select balance from account")).rows).toEqual([{ balance: 2 }])
  })
})

import {
  findInstalledPostgres,
  NoPostgresError,
  startEmbeddedPostgres,
  startLocalPostgres,
  startPostgres,
  usePostgres,
  type OwnServer,
} from "@kysely-resilient/testing"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Client } from "pg"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on("error", () => {})
  await client.connect()
  return client
}

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = await connected(url)
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function setting(server: OwnServer, name: string): Promise<unknown> {
  return (await ask(server.url, `select current_setting('${name}') as value`))[0]?.["value"]
}

/** The ids of all System V shared memory; empty where the system does not list it. */
function sharedMemory(): string[] {
  if (!existsSync("/proc/sysvipc/shm")) return []
  const lines = readFileSync("/proc/sysvipc/shm", "utf8").trim().split("\n").slice(1)
  return lines.map((line) => line.trim().split(/\s+/)[1] ?? "")
}

const installed = findInstalledPostgres()
const sources: [string, (() => Promise<OwnServer>) | undefined][] = [
  ["an embedded server", () => startEmbeddedPostgres({ settings: { work_mem: "7MB", "my.quote": "it's" } })],
  [
    "an installed server",
    installed === undefined
      ? undefined
      : () => startLocalPostgres({ binDir: installed, settings: { work_mem: "7MB", "my.quote": "it's" } }),
  ],
]

for (const [title, start] of sources) {
  describe.skipIf(start === undefined)(`${title} of ours`, () => {
    let server: OwnServer

    beforeAll(async () => {
      if (start !== undefined) server = await start()
    })
    afterAll(() => server?.stop())

    it("answers at its URL, as the superuser, in the version it says", async () => {
      const [row] = await ask(server.url, "select current_setting('server_version') as v, usesuper from pg_user")
      expect(String(row?.["v"])).toMatch(new RegExp(`^${server.version.replaceAll(".", "\\.")}\\b`))
      expect(row?.["usesuper"]).toBe(true)
      expect(server.description).toContain(`PostgreSQL ${server.version}`)
      expect(server.description).not.toContain(server.password)
    })

    it("listens on 127.0.0.1 only, has no Unix socket, and wants the password", async () => {
      expect(await setting(server, "listen_addresses")).toBe("127.0.0.1")
      expect(await setting(server, "unix_socket_directories")).toBe("")
      const wrong = new URL(server.url)
      wrong.password = "wrong"
      await expect(connected(wrong.href)).rejects.toMatchObject({ code: "28P01" })
    })

    it("is durable unless asked otherwise, and has the settings it was given", async () => {
      for (const name of ["fsync", "full_page_writes", "synchronous_commit"]) {
        expect(await setting(server, name)).toBe("on")
      }
      expect([await setting(server, "work_mem"), await setting(server, "my.quote")]).toEqual(["7MB", "it's"])
    })

    it("keeps what was committed and loses what was not, when all its processes are killed", async () => {
      const client = await connected(server.url)
      await client.query("create table kept (a int); insert into kept values (1)")
      await client.query("begin; insert into kept values (2)")
      const lost = new Promise<void>((resolve) => client.once("end", resolve))
      const { port } = server
      await server.crash()
      await lost
      expect(server.pid).toBeUndefined()
      await expect(connected(server.url)).rejects.toMatchObject({ code: "ECONNREFUSED" })
      await server.start()
      expect(server.port).toBe(port)
      expect(await ask(server.url, "select a from kept")).toEqual([{ a: 1 }])
      expect(server.logs().join("\n")).toContain("was not properly shut down")
    })

    it("throws everybody out when one backend is killed, and is back by itself", async () => {
      const [victim, witness] = [await connected(server.url), await connected(server.url)]
      // The server tries to say why (57P02, a warning), and does not always manage to.
      const thrownOut = new Promise<void>((resolve) => witness.once("end", resolve))
      const { pid: postmaster } = server
      const [row] = (await victim.query("select pg_backend_pid() as pid")).rows
      await server.crashBackend(row.pid)
      await thrownOut
      await server.ready()
      expect(server.pid).toBe(postmaster)
      await server.crashBackend()
      await server.ready()
    })

    it("tells its clients when it restarts: 57P01 when it is fast", async () => {
      const client = await connected(server.url)
      const told = new Promise<unknown>((resolve) => client.once("error", resolve))
      await server.restart()
      expect(await told).toMatchObject({ code: "57P01" })
      await server.restart("immediate")
      expect(await ask(server.url, "select 1 as one")).toEqual([{ one: 1 }])
    })

    it("is silent while it is paused, and goes on afterwards", async () => {
      const client = await connected(server.url)
      await server.pause()
      const answer = client.query("select 1 as one")
      const opening = connected(server.url)
      expect(await Promise.race([answer, opening, sleep(100, "silence")])).toBe("silence")
      await server.resume()
      expect((await answer).rows).toEqual([{ one: 1 }])
      await (await opening).end()
      await client.end()
    })

    it("can pause a single backend", async () => {
      const [slow, quick] = [await connected(server.url), await connected(server.url)]
      const [row] = (await slow.query("select pg_backend_pid() as pid")).rows
      await server.pause(row.pid)
      const answer = slow.query("select 1 as one")
      expect((await quick.query("select 2 as two")).rows).toEqual([{ two: 2 }])
      expect(await Promise.race([answer, sleep(50, "silence")])).toBe("silence")
      await server.resume(row.pid)
      expect((await answer).rows).toEqual([{ one: 1 }])
      await Promise.all([slow.end(), quick.end()])
    })

    it("refuses to signal a process that is not its own", async () => {
      await expect(server.crashBackend(process.pid)).rejects.toThrow(`process ${process.pid} is not a backend`)
      await expect(server.pause(1)).rejects.toThrow("process 1 is not a backend")
    })
  })
}

describe("an embedded server", () => {
  it("is gone with its data after stop(), which may be called again, even while it is paused", async () => {
    const server = await startEmbeddedPostgres({ durable: false })
    const { dataDirectory } = server
    expect(await setting(server, "fsync")).toBe("off")
    await server.pause()
    await server.stop()
    await server.stop()
    expect(existsSync(dataDirectory)).toBe(false)
    await expect(connected(server.url)).rejects.toMatchObject({ code: "ECONNREFUSED" })
    await expect(server.start()).rejects.toThrow("cannot start a server that is removed")
    await expect(server.restart()).rejects.toThrow("stopped for good")
  })

  it("is gone after stop() when it had crashed before", async () => {
    const server = await startEmbeddedPostgres()
    const file = readFileSync(join(server.dataDirectory, "postmaster.pid"), "utf8").split("\n")
    const segment = file[6]?.trim().split(/\s+/)[1] ?? ""
    expect(sharedMemory().includes(segment)).toBe(process.platform === "linux")
    await server.crash()
    await expect(server.pause()).rejects.toThrow("start() it first")
    await server.stop()
    expect(existsSync(server.dataDirectory)).toBe(false)
    // SIGKILL leaves it to whoever comes next.
    expect(sharedMemory()).not.toContain(segment)
  })

  it("waits for its port when somebody else has it for a moment", async () => {
    await using server = await startEmbeddedPostgres()
    await server.stopFast()
    const squatter = createServer().listen(server.port, "127.0.0.1")
    await once(squatter, "listening")
    const starting = server.start()
    await expect.poll(() => server.logs().join("\n"), { timeout: 10_000 }).toContain("Address already in use")
    squatter.close()
    await starting
    expect(await ask(server.url, "select 1 as one")).toEqual([{ one: 1 }])
  })

  it("says with the server's own words why it does not start, and leaves nothing", async () => {
    const starting = startEmbeddedPostgres({ settings: { shared_buffers: "one elephant" } })
    await expect(starting).rejects.toThrow(
      /PostgreSQL did not start: .*\n.*invalid value for parameter "shared_buffers"/,
    )
  })

  it("takes files for its data directory", async () => {
    await using server = await startEmbeddedPostgres({
      files: { "pg_hba.conf": "host all all 127.0.0.1/32 trust\n" },
    })
    const open = new URL(server.url)
    open.password = ""
    expect(await ask(open.href, "select 1 as one")).toEqual([{ one: 1 }])
  })

  it("starts several at once, each on its own port", async () => {
    const servers = await Promise.all([1, 2, 3].map(() => startEmbeddedPostgres({ durable: false })))
    expect(new Set(servers.map(({ port }) => port)).size).toBe(3)
    await Promise.all(servers.map((server) => server.stop()))
  })

  it("says what to do if the account is missing that should run it", async () => {
    if (process.getuid?.() !== 0) return
    await expect(startEmbeddedPostgres({ runAs: "no-such-account" })).rejects.toThrow(
      /refuses to run as root.*no account called no-such-account.*KYSELY_RESILIENT_TEST_URL/,
    )
  })
})

describe("a server given by URL", () => {
  it("is used as it is, and still runs after stop()", async () => {
    const url = inject("postgresUrl")
    const server = await usePostgres(url)
    expect(server).toMatchObject({ origin: "url", url, host: "127.0.0.1", user: "postgres" })
    expect(server.version).toBe(inject("postgresVersion"))
    await server.stop()
    expect(await ask(url, "select 1 as one")).toEqual([{ one: 1 }])
  })

  it("is refused with a reason if it cannot be reached, or not be used", async () => {
    await expect(usePostgres("postgres://127.0.0.1:1/x")).rejects.toThrow(NoPostgresError)
    await expect(usePostgres("not a url")).rejects.toThrow("That is not a URL")
    const url = inject("postgresUrl")
    const role = `helpless_${process.pid}`
    await ask(url, `create role ${role} login password 'x'`)
    const helpless = new URL(url)
    helpless.username = role
    helpless.password = "x"
    await expect(usePostgres(helpless.href)).rejects.toThrow("may not create databases")
    await ask(url, `drop role ${role}`)
  })
})

describe("startPostgres", () => {
  it("takes the server that the variable names, and says so", async () => {
    const said: string[] = []
    const environment = { KYSELY_RESILIENT_TEST_URL: inject("postgresUrl"), DATABASE_URL: "postgres://never/x" }
    const server = await startPostgres({ environment, log: (line) => said.push(line) })
    expect(server.origin).toBe("url")
    expect(said).toEqual([expect.stringContaining("KYSELY_RESILIENT_TEST_URL names it")])
  })

  it("starts the embedded one without the variable, whatever DATABASE_URL says", async () => {
    const said: string[] = []
    const environment = { DATABASE_URL: inject("postgresUrl") }
    await using server = await startPostgres({ environment, log: (line) => said.push(line), durable: false })
    expect(server.origin).toBe("embedded")
    expect(said).toEqual([expect.stringContaining("KYSELY_RESILIENT_TEST_URL is not set")])
  })

  it("does not go on to another source when the variable's server is down", async () => {
    const environment = { KYSELY_RESILIENT_TEST_URL: "postgres://127.0.0.1:1/x" }
    await expect(startPostgres({ environment })).rejects.toThrow(/127\.0\.0\.1 cannot be used: .*ECONNREFUSED/)
  })
})

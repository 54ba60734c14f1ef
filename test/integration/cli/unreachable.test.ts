/** What `status` and `doctor` say to somebody who was woken because nothing works: where, what, and what to do. */
import { once } from "node:events"
import { createServer, type AddressInfo } from "node:net"

import { startEmbeddedPostgres, type OwnServer } from "@kysely-resilient/testing"
import { withClient } from "@kysely-resilient/testing/src/sql-client.ts"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"

import { run } from "../../support/command-line.ts"

let server: OwnServer
let url: URL

beforeAll(async () => {
  server = await startEmbeddedPostgres({ settings: { max_connections: 4, superuser_reserved_connections: 2 } })
  await withClient(server.url, (client) => client.query("create role app login password 'app'"))
  url = new URL(server.url)
  url.username = url.password = "app"
})

afterAll(() => server.stop())

/** Both commands, for people and for programs. */
async function expectTold(address: URL, kind: string, why: RegExp, action: string | undefined): Promise<void> {
  const where = `${address.host}${address.pathname}`
  for (const [words, code] of [
    [["status"], 1],
    [["doctor", "--timeout", "1"], 2],
  ] as const) {
    const told = await run([...words, address.href])
    expect(told).toMatchObject({ code, out: "" })
    expect(told.err).toContain(`${where}: ${kind}: `)
    expect(told.err).toMatch(why)
    expect(told.err.includes("\n  → ")).toBe(action !== undefined)
    if (action !== undefined) expect(told.err).toContain(`\n  → ${action}`)
    const json = await run([...words, "--json", address.href])
    expect(json).toMatchObject({ code, err: "" })
    expect(JSON.parse(json.out)).toMatchObject({
      ...(words[0] === "status" ? { status: "unreachable" } : { ok: false }),
      where,
      kind,
      why: expect.stringMatching(why),
      ...(action !== undefined && { action: expect.stringContaining(action) }),
    })
    expect(told.err + json.out).not.toMatch(/hunter2|unsafeDriverError/)
  }
}

describe("a database that cannot be asked", () => {
  it("has no such name", async () => {
    const address = new URL(url)
    address.pathname = "/shop"
    await expectTold(address, "configuration", /no database of this name.*3D000/, undefined)
    expect((await run(["status", address.href])).code).toBe(1)
  })

  it("is full", async () => {
    const held = [new pg.Client(url.href), new pg.Client(url.href)]
    onTestFinished(async () => void (await Promise.all(held.map((client) => client.end()))))
    for (const client of held) await client.connect()
    await expectTold(url, "too_many_connections", /53300/, "A superuser still gets in")
    expect(held).toHaveLength(2)
  })

  it("gives no answer", async () => {
    const silent = createServer().listen(0, "127.0.0.1")
    onTestFinished(() => void silent.close())
    await once(silent, "listening")
    const address = new URL(url)
    address.port = String((silent.address() as AddressInfo).port)
    const { code, err } = await run(["doctor", "--timeout", "1", address.href])
    expect(code).toBe(2)
    expect(err).toContain(`${address.host}/postgres: deadline_exceeded: `)
    expect(err).toContain("\n  → Nothing comes back from there")
  })

  it("recovers", async () => {
    await server.crash()
    await server.startRecovering()
    await expectTold(url, "server_starting", /57P03/, "Wait, and read in its log how far it is")
    await server.finishRecovery()
    expect((await run(["status", url.href])).code).toBe(0)
  })

  it("is stopped", async () => {
    await server.stopFast()
    const address = new URL(url)
    address.password = "hunter2"
    await expectTold(address, "connection_failed", /ECONNREFUSED/, "Nothing listens there: start PostgreSQL")
    expect(server.pid).toBeUndefined()
  })
})

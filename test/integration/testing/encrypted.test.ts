import {
  cut,
  delay,
  onStartup,
  startEmbeddedPostgres,
  startFaultProxy,
  type OwnServer,
} from "@kysely-resilient/testing"
import { readFileSync } from "node:fs"
import { connect } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { connect as connectTls } from "node:tls"
import { Client } from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { certificate } from "../../support/tls/server.ts"

let server: OwnServer

beforeAll(async () => {
  const files = Object.fromEntries(
    ["server.crt", "server.key"].map((name) => [name, readFileSync(certificate(name), "utf8")]),
  )
  server = await startEmbeddedPostgres({ durable: false, files, settings: { ssl: true } })
})
afterAll(() => server?.stop())

describe("a proxy with an encrypted connection", () => {
  it("passes it on, knows that it cannot read it, and can still hurt it as a whole", async () => {
    await using proxy = await startFaultProxy({ target: server })
    const request = proxy.rule({ when: { from: "client", message: "SSLRequest" }, do: delay(0) })
    const startup = proxy.rule({ when: onStartup, do: cut() })
    const client = new Client({ connectionString: proxy.url(server.url), ssl: { rejectUnauthorized: false } })
    const ended = new Promise<void>((resolve) => client.once("end", resolve))
    client.on("error", () => {})
    await client.connect()
    const big = "x".repeat(300_000)
    const { rows } = await client.query(
      "select ssl, $1::text = $2 as same from pg_stat_ssl where pid = pg_backend_pid()",
      [big, big],
    )
    expect(rows).toEqual([{ ssl: true, same: true }])
    expect([request.hits, startup.hits]).toEqual([1, 0])
    expect(proxy.connections).toMatchObject([{ encrypted: true, backendPid: undefined }])

    proxy.stallAll()
    const answer = client.query("select 1 as one")
    expect(await Promise.race([answer, sleep(50, "silence")])).toBe("silence")
    proxy.resumeAll()
    expect((await answer).rows).toEqual([{ one: 1 }])
    expect(proxy.cutAll()).toBe(1)
    await ended
  })

  it("passes on one that is encrypted from the first byte", async () => {
    await using proxy = await startFaultProxy({ target: server })
    const socket = connectTls({
      port: proxy.port,
      host: proxy.host,
      rejectUnauthorized: false,
      ALPNProtocols: ["postgresql"],
    })
    await new Promise((resolve, reject) => {
      socket.once("secureConnect", resolve)
      socket.once("error", reject)
    })
    expect(socket.alpnProtocol).toBe("postgresql")
    expect(proxy.connections).toMatchObject([{ encrypted: true }])
    socket.destroy()
    await expect.poll(() => proxy.connections).toEqual([])
  })

  it("reads on when encryption was asked for and refused", async () => {
    await using plain = await startEmbeddedPostgres({
      durable: false,
      files: { "pg_hba.conf": "host all all 127.0.0.1/32 trust\n" },
    })
    await using proxy = await startFaultProxy({ target: plain })
    const startup = proxy.rule({ when: onStartup, do: delay(0) })
    const socket = connect(proxy.port, proxy.host)
    const answers: Buffer[] = []
    socket.on("data", (chunk) => answers.push(chunk))
    const said = (): string => Buffer.concat(answers).toString("latin1")

    for (const code of [80_877_104, 80_877_103]) {
      const before = said().length
      const request = Buffer.alloc(8)
      request.writeUInt32BE(8)
      request.writeUInt32BE(code, 4)
      socket.write(request)
      await expect.poll(said).toHaveLength(before + 1)
    }
    expect(said()).toBe("NN")
    const parameters = Buffer.from("\0\x03\0\0user\0postgres\0database\0postgres\0\0", "latin1")
    const length = Buffer.alloc(4)
    length.writeUInt32BE(parameters.length + 4)
    socket.write(Buffer.concat([length, parameters]))
    await expect.poll(() => said().endsWith("Z\0\0\0\u0005I")).toBe(true)
    expect(startup.hits).toBe(1)
    expect(proxy.connections).toMatchObject([{ encrypted: false, user: "postgres", backendPid: expect.any(Number) }])
    socket.destroy()
  })
})

import { spawnSync } from "node:child_process"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { createEngine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import type { Failure } from "@kysely-resilient/driver/src/failure/failure.ts"
import { requireChannelBinding } from "@kysely-resilient/driver/src/postgres/channel-binding.ts"
import { createPgClient } from "@kysely-resilient/driver/src/postgres/internals.ts"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"

import { psqlAnswers, psqlEnding, SSL_IN_USE, type Ending } from "../support/tls/psql.ts"
import { certificate, PASSWORD, TlsServer, type Shown } from "../support/tls/server.ts"

let server: TlsServer
/** A home directory without anybody's certificates, passwords or settings. */
let home: string

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "kysely-resilient-home-"))
  vi.stubEnv("HOME", home)
  // A fresh clone has it readable by all, and libpq does not use a key that others can read.
  chmodSync(certificate("client.key"), 0o600)
  server = await TlsServer.start()
})

afterAll(async () => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
  await server[Symbol.asyncDispose]()
})

type Parameters = Readonly<Record<string, string>>

const FILES = ["sslrootcert", "sslcert", "sslkey", "sslcrl"]

/** A connection string for the server; files by their names among the certificates. */
function stringOf(parameters: Parameters): string {
  const all = { host: "localhost", port: String(server.port), dbname: "postgres", user: "open", ...parameters }
  return Object.entries(all)
    .map(([key, value]) => `${key}='${FILES.includes(key) && value !== "system" ? certificate(value) : value}'`)
    .join(" ")
}

interface Ended {
  readonly ending: Ending
  /** Of the failure, if it was refused. */
  readonly kind?: string
  readonly message?: string
}

async function ours(connection: string | object): Promise<Ended> {
  const engine = createEngine({ connection, retry: false, pool: { min: 0, max: 1 } })
  try {
    const settled = await engine.run(text(SSL_IN_USE))
    if (!settled.ok) return { ending: "refused", kind: settled.failure.kind, message: settled.failure.message }
    const [row] = settled.value.rows
    return { ending: JSON.stringify(row) === '{"ssl":true}' ? "tls" : "plain" }
  } finally {
    await engine.close()
  }
}

const ca = { sslrootcert: "ca.crt" }
const otherCa = { sslrootcert: "other-ca.crt" }
const own = { sslcert: "client.crt", sslkey: "client.key" }

const withPsql = psqlAnswers()
if (!withPsql)
  console.log("No psql on PATH: sslmode is compared with what libpq is known to do, and not with libpq itself.")

/** What libpq makes of it; without one, what it is known to. */
function libpqs(connection: string, known: Ending): Ending {
  return withPsql ? psqlEnding(connection, home) : known
}

describe("sslmode", () => {
  const cases: readonly (readonly [shown: Shown, parameters: Parameters, ending: Ending])[] = [
    ["server", { sslmode: "disable" }, "plain"],
    ["server", { sslmode: "allow" }, "plain"],
    ["server", { sslmode: "prefer" }, "tls"],
    ["server", { sslmode: "require" }, "tls"],
    ["server", { sslmode: "require", ...ca }, "tls"],
    ["server", { sslmode: "require", ...otherCa }, "refused"],
    ["server", { sslmode: "allow", ...otherCa }, "plain"],
    ["server", { sslmode: "prefer", ...otherCa }, "plain"],
    ["server", { sslmode: "verify-ca", ...ca }, "tls"],
    ["server", { sslmode: "verify-ca", ...otherCa }, "refused"],
    ["server", { sslmode: "verify-full", ...ca }, "tls"],
    ["server", { sslmode: "verify-full", ...otherCa }, "refused"],
    ["server", { sslmode: "verify-full", ...ca, host: "127.0.0.1" }, "tls"],
    ["server", { sslmode: "verify-full", ...ca, host: "db.example.org", hostaddr: "127.0.0.1" }, "refused"],
    ["server", { sslmode: "disable", user: "tls_only" }, "refused"],
    ["server", { sslmode: "allow", user: "tls_only" }, "tls"],
    ["server", { sslmode: "prefer", user: "tls_only" }, "tls"],
    ["server", { sslmode: "allow", user: "tls_only", ...otherCa }, "refused"],
    ["server", { sslmode: "allow", user: "plain_only" }, "plain"],
    ["server", { sslmode: "prefer", user: "plain_only" }, "plain"],
    ["server", { sslmode: "require", user: "plain_only" }, "refused"],
    ["server", { sslmode: "require", user: "tls_client", ...own }, "tls"],
    ["server", { sslmode: "verify-full", user: "tls_client", ...own, ...ca }, "tls"],
    ["server", { sslmode: "require", user: "tls_client" }, "refused"],
    ["server", { sslmode: "require", ssl_min_protocol_version: "TLSv1.3" }, "tls"],
    ["server", { sslmode: "require", user: "scram", password: PASSWORD, channel_binding: "disable" }, "tls"],
    ["server", { sslmode: "require", user: "scram", password: PASSWORD, channel_binding: "prefer" }, "tls"],
    ["server", { sslmode: "require", user: "scram", password: PASSWORD, channel_binding: "require" }, "tls"],
    ["server", { sslmode: "prefer", user: "scram", password: PASSWORD, channel_binding: "require" }, "tls"],
    ["server", { sslmode: "require", user: "scram", password: "wrong", channel_binding: "require" }, "refused"],
    ["server", { sslmode: "require", user: "clear", password: PASSWORD, channel_binding: "prefer" }, "tls"],
    ["server", { sslmode: "require", user: "clear", password: PASSWORD, channel_binding: "require" }, "refused"],
    ["server", { sslmode: "require", user: "open", channel_binding: "require" }, "refused"],
    ["wrong-host", { sslmode: "require" }, "tls"],
    ["wrong-host", { sslmode: "require", ...ca }, "tls"],
    ["wrong-host", { sslmode: "verify-ca", ...ca }, "tls"],
    ["wrong-host", { sslmode: "verify-full", ...ca }, "refused"],
    ["wrong-host", { sslmode: "verify-full", ...ca, host: "db.example.org", hostaddr: "127.0.0.1" }, "tls"],
    ["expired", { sslmode: "require" }, "tls"],
    ["expired", { sslmode: "require", ...ca }, "refused"],
    ["expired", { sslmode: "prefer", ...ca }, "plain"],
    ["expired", { sslmode: "verify-ca", ...ca }, "refused"],
    ["revoked", { sslmode: "verify-full", ...ca }, "tls"],
    ["revoked", { sslmode: "verify-full", ...ca, sslcrl: "ca.crl" }, "refused"],
    ["none", { sslmode: "disable" }, "plain"],
    ["none", { sslmode: "allow" }, "plain"],
    ["none", { sslmode: "prefer" }, "plain"],
    ["none", { sslmode: "require" }, "refused"],
    ["none", { sslmode: "verify-full", ...ca }, "refused"],
    ["none", { sslmode: "prefer", user: "scram", password: PASSWORD, channel_binding: "require" }, "refused"],
  ]

  it.each(cases)(
    "does what libpq does: a server with certificate %s and %j end as %s",
    async (shown, parameters, ending) => {
      await server.show(shown)
      const connection = stringOf(parameters)
      expect(await ours(connection)).toMatchObject({ ending })
      expect(libpqs(connection, ending)).toBe(ending)
    },
  )

  it("verifies with the root certificate in the home directory, as libpq does", async () => {
    await server.show("server")
    const folder = join(home, ".postgresql")
    mkdirSync(folder)
    try {
      copyFileSync(certificate("other-ca.crt"), join(folder, "root.crt"))
      const connection = stringOf({ sslmode: "require" })
      expect(await ours(connection)).toMatchObject({ ending: "refused" })
      expect(libpqs(connection, "refused")).toBe("refused")
      copyFileSync(certificate("ca.crt"), join(folder, "root.crt"))
      expect(await ours(connection)).toEqual({ ending: "tls" })
      expect(libpqs(connection, "tls")).toBe("tls")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it.each<[Shown, Parameters, string, string]>([
    ["none", { sslmode: "require" }, "configuration", "The server does not support SSL connections"],
    [
      "wrong-host",
      { sslmode: "verify-full", ...ca },
      "configuration",
      "Hostname/IP does not match certificate's altnames",
    ],
    ["expired", { sslmode: "verify-ca", ...ca }, "configuration", "certificate has expired"],
    ["server", { sslmode: "verify-ca", ...otherCa }, "configuration", "self-signed certificate in certificate chain"],
    ["server", { sslmode: "disable", user: "tls_only" }, "authentication_failed", "no pg_hba.conf entry"],
    [
      "server",
      { sslmode: "require", user: "clear", password: PASSWORD, channel_binding: "require" },
      "authentication_failed",
      "channel_binding is require, and the server asks for the password in clear text instead of SCRAM-SHA-256-PLUS",
    ],
    [
      "server",
      { sslmode: "require", user: "open", channel_binding: "require" },
      "authentication_failed",
      "channel_binding is require, and the server lets us in without a password instead of SCRAM-SHA-256-PLUS",
    ],
    [
      "server",
      { user: "scram" },
      "authentication_failed",
      "The server asks for a password, and there is none for user scram",
    ],
  ])(
    "tells why it was refused: a server with certificate %s and %j end as %s",
    async (shown, parameters, kind, message) => {
      await server.show(shown)
      expect(await ours(stringOf(parameters))).toMatchObject({ kind, message: expect.stringContaining(message) })
    },
  )

  it("sends no password in clear text where channel binding is required", async () => {
    await server.show("server")
    let asked = 0
    const password = (): string => {
      asked += 1
      return PASSWORD
    }
    const place = { host: "localhost", port: server.port, database: "postgres", user: "clear" }
    expect(await ours({ ...place, password, sslmode: "require", channelBinding: "require" })).toMatchObject({
      ending: "refused",
    })
    expect(asked).toBe(0)
    expect(await ours({ ...place, password, sslmode: "require" })).toEqual({ ending: "tls" })
    expect(asked).toBe(1)
  })
})

function pem(name: string): string {
  return readFileSync(certificate(name), "utf8")
}

describe("channel binding that is required", () => {
  it("refuses a server that speaks SCRAM and cannot bind it, before anything of the password is sent", async () => {
    await server.show("server")
    // As behind whatever ends TLS in front of the server: here there is none, so it offers no binding.
    const client = createPgClient({
      host: "localhost",
      port: server.port,
      user: "scram",
      database: "postgres",
      password: PASSWORD,
      ssl: false,
      enableChannelBinding: true,
      keepAlive: false,
      keepAliveInitialDelayMillis: 0,
    })
    const failures: Failure[] = []
    const heard: string[] = []
    client.connection.on("message", ({ name }: { readonly name: string }) => heard.push(name))
    client.on("error", () => {})
    requireChannelBinding(client.connection, (failure) => failures.push(failure))
    const error = await new Promise((resolve) => client.connect(resolve))
    expect(String(error)).toContain("the server offers SCRAM-SHA-256 instead of SCRAM-SHA-256-PLUS")
    expect(failures).toMatchObject([{ kind: "authentication_failed", retry: "never" }])
    expect(heard).toEqual(["authenticationSASL"])
  })
})

describe("TLS in Node's words", () => {
  it.each<[string, Shown, () => object, Ending]>([
    ["no TLS by default", "server", () => ({}), "plain"],
    ["true trusts only whom Node trusts", "server", () => ({ ssl: true }), "refused"],
    ["a ca verifies the chain", "server", () => ({ ssl: { ca: pem("ca.crt") } }), "tls"],
    ["a ca verifies the name", "wrong-host", () => ({ ssl: { ca: pem("ca.crt") } }), "refused"],
    [
      "a check of one's own is asked",
      "wrong-host",
      () => ({ ssl: { ca: pem("ca.crt"), checkServerIdentity: () => undefined } }),
      "tls",
    ],
    [
      "a servername stands in for an address",
      "wrong-host",
      () => ({ host: "127.0.0.1", ssl: { ca: pem("ca.crt"), servername: "db.example.org" } }),
      "tls",
    ],
    ["rejectUnauthorized: false verifies nothing", "expired", () => ({ ssl: { rejectUnauthorized: false } }), "tls"],
    [
      "a client certificate is shown",
      "server",
      () => ({ user: "tls_client", ssl: { ca: pem("ca.crt"), cert: pem("client.crt"), key: pem("client.key") } }),
      "tls",
    ],
    ["a server without TLS is refused", "none", () => ({ ssl: { rejectUnauthorized: false } }), "refused"],
  ])("%s", async (_, shown, options, ending) => {
    await server.show(shown)
    const place = { host: "localhost", port: server.port, database: "postgres", user: "open" }
    expect(await ours({ ...place, ...options() })).toMatchObject({ ending })
  })
})

describe("a connection over TLS", () => {
  it("trusts with sslrootcert=system whom the process trusts", async () => {
    await server.show("server")
    const connection = stringOf({ sslrootcert: "system" })
    expect(await ours(connection)).toMatchObject({ ending: "refused" })
    const child = spawnSync(process.execPath, [join(import.meta.dirname, "../support/tls/connect.ts"), connection], {
      encoding: "utf8",
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate("ca.crt") },
    })
    expect(child.stdout).toBe("connected\n")
  })

  it("cancels over TLS as well, and is kept", async () => {
    await server.show("server")
    const discarded: string[] = []
    const engine = createEngine({
      connection: stringOf({ sslmode: "verify-full", user: "tls_only", ...ca }),
      pool: { min: 0, max: 1 },
      observer: (event) => {
        if (event.name === "connection.discarded") discarded.push(event.reason)
      },
    })
    const late = await engine.run(text("select pg_sleep(30)"), { timeoutMs: 200 })
    expect(late).toMatchObject({ ok: false, failure: { kind: "deadline_exceeded" } })
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: true })
    expect(discarded).toEqual([])
    await engine.close()
  })

  it("asks a password function for every physical connection", async () => {
    await server.show("server")
    let asked = 0
    const engine = createEngine({
      connection: {
        host: "localhost",
        port: server.port,
        database: "postgres",
        user: "scram",
        sslmode: "require",
        password: () => {
          asked += 1
          return Promise.resolve(PASSWORD)
        },
      },
      pool: { min: 0, max: 2 },
    })
    await Promise.all([engine.run(text("select pg_sleep(0.1)")), engine.run(text("select pg_sleep(0.1)"))])
    await engine.run(text("select 1"))
    expect(asked).toBe(2)
    await engine.close()
  })
})

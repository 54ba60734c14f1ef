import { readFileSync } from "node:fs"
import { join } from "node:path"

import { describe, expect, it } from "vitest"

import { certificates, problemsOf, settingsOf, systemWith } from "./fake-system.ts"

const file = (name: string): string => join(certificates, name)
const text = (name: string): string => readFileSync(file(name), "utf8")
const HOME_ROOT = "/home/osuser/.postgresql/root.crt"

/** What a plan means, in words. */
function planOf(
  parameters: Record<string, string>,
  files: Record<string, string> = {},
  env: Record<string, string> = {},
): string {
  const query = new URLSearchParams(parameters).toString().replaceAll("+", "%20")
  const { tls } = settingsOf({ connection: `postgres://db/d?${query}` }, env, systemWith(files))
  if (tls.tls === undefined) return tls.attempts.join(", then ")
  const { rejectUnauthorized, checkServerIdentity } = tls.tls
  const verifies =
    rejectUnauthorized === false ? "anybody" : checkServerIdentity === undefined ? "chain and name" : "chain"
  return `${tls.attempts.join(", then ")}: ${verifies}`
}

describe("sslmode", () => {
  const root = file("ca.crt")

  it.each<[Record<string, string>, string]>([
    [{}, "plain"],
    [{ sslmode: "disable" }, "plain"],
    [{ sslmode: "disable", sslrootcert: "/missing" }, "plain"],
    [{ sslmode: "allow" }, "plain, then tls: anybody"],
    [{ sslmode: "prefer" }, "tls, then plain: anybody"],
    [{ sslmode: "require" }, "tls: anybody"],
    [{ sslmode: "allow", sslrootcert: root }, "plain, then tls: chain"],
    [{ sslmode: "prefer", sslrootcert: root }, "tls, then plain: chain"],
    [{ sslmode: "require", sslrootcert: root }, "tls: chain"],
    [{ sslmode: "verify-ca", sslrootcert: root }, "tls: chain"],
    [{ sslmode: "verify-full", sslrootcert: root }, "tls: chain and name"],
    [{ sslmode: "verify-full", sslrootcert: "system" }, "tls: chain and name"],
    [{ sslrootcert: "system" }, "tls: chain and name"],
    [{ sslmode: "require", host: "/var/run/postgresql" }, "plain"],
    [{ sslmode: "verify-full", host: "/var/run/postgresql" }, "plain"],
  ])("means what libpq means: %o is %s", (parameters, plan) => {
    expect(planOf(parameters)).toBe(plan)
  })

  it("verifies with libpq's own root certificate where there is one", () => {
    const files = { [HOME_ROOT]: text("ca.crt") }
    expect(planOf({ sslmode: "require" }, files)).toBe("tls: chain")
    expect(planOf({ sslmode: "verify-full" }, files)).toBe("tls: chain and name")
    expect(planOf({}, files)).toBe("plain")
  })

  it.each([
    [{ PGSSLMODE: "require" }, "tls: anybody"],
    [{ PGSSLMODE: "verify-ca", PGSSLROOTCERT: root }, "tls: chain"],
    [{ PGREQUIRESSL: "1" }, "tls: anybody"],
    [{ PGREQUIRESSL: "0" }, "plain"],
    [{ PGREQUIRESSL: "1", PGSSLMODE: "disable" }, "plain"],
  ])("can come from the environment: %o is %s", (env, plan) => {
    expect(planOf({}, {}, env)).toBe(plan)
  })

  it("does not replace the host's name, which pg sends", () => {
    const { tls } = settingsOf({ connection: `postgres://db/d?sslmode=verify-full&sslrootcert=${root}` })
    expect(tls.tls).not.toHaveProperty("servername")
    expect(tls.tls).not.toHaveProperty("host")
  })

  it("keeps certificates and keys inside one context for all connections", () => {
    const connection = {
      host: "db",
      sslmode: "verify-full",
      sslrootcert: root,
      sslcert: file("client.crt"),
      sslkey: file("client.key"),
    }
    const { tls } = settingsOf({ connection })
    expect(Object.keys(tls.tls ?? {})).toEqual(["secureContext", "rejectUnauthorized"])
  })

  it.each<[string, Record<string, string>]>([
    ["with its key", { sslcert: "client.crt", sslkey: "client.key" }],
    [
      "with an encrypted key and its passphrase",
      { sslcert: "client.crt", sslkey: "client-encrypted.key", sslpassword: "opensesame" },
    ],
    ["with a revocation list", { sslrootcert: "ca.crt", sslcrl: "ca.crl" }],
  ])("takes a certificate %s", (_, names) => {
    const parameters = Object.fromEntries(
      Object.entries(names).map(([key, name]) => [key, key === "sslpassword" ? name : file(name)]),
    )
    expect(planOf({ sslmode: "require", ...parameters })).toMatch(/^tls: /)
  })

  it("takes the client's certificate from libpq's own place", () => {
    const home = "/home/osuser/.postgresql"
    const files = { [`${home}/postgresql.crt`]: text("client.crt"), [`${home}/postgresql.key`]: text("server.key") }
    const found = problemsOf({ connection: "postgres://db/d?sslmode=require" }, {}, systemWith(files))
    expect(found.map(({ problem }) => problem)).toEqual([
      `sslkey names ${home}/postgresql.key, which does not belong to ${home}/postgresql.crt`,
    ])
  })

  it.each<[string, Record<string, string>, string]>([
    ["a root certificate without a mode", { sslrootcert: root }, "sslrootcert means nothing without TLS"],
    [
      "a client certificate without a mode",
      { sslcert: file("client.crt"), sslkey: file("client.key") },
      "sslcert means nothing without TLS",
    ],
    [
      "a mode too weak for everybody's roots",
      { sslmode: "verify-ca", sslrootcert: "system" },
      "is verify-ca, which is too weak for sslrootcert=system",
    ],
    [
      "verify-ca with nothing to verify with",
      { sslmode: "verify-ca" },
      "there is no root certificate to verify with (/home/osuser/.postgresql/root.crt does not exist)",
    ],
    [
      "verify-full with nothing to verify with",
      { sslmode: "verify-full" },
      "there is no root certificate to verify with",
    ],
    [
      "a root certificate that is not there",
      { sslmode: "require", sslrootcert: "/missing" },
      "sslrootcert names /missing, which does not exist",
    ],
    [
      "a root certificate that is none",
      { sslmode: "require", sslrootcert: file("ca.crl") },
      "which holds no readable certificate",
    ],
    [
      "a client certificate without its key",
      { sslmode: "require", sslcert: file("client.crt") },
      "and there is no private key for it",
    ],
    [
      "a client key without its certificate",
      { sslmode: "require", sslkey: file("client.key") },
      "sslkey is given, and its certificate is not",
    ],
    [
      "a key of another certificate",
      { sslmode: "require", sslcert: file("client.crt"), sslkey: file("server.key") },
      "does not belong to",
    ],
    [
      "an encrypted key without its passphrase",
      { sslmode: "require", sslcert: file("client.crt"), sslkey: file("client-encrypted.key") },
      "cannot be used as a private key",
    ],
    [
      "an encrypted key with a wrong passphrase",
      { sslmode: "require", sslcert: file("client.crt"), sslkey: file("client-encrypted.key"), sslpassword: "wrong" },
      "cannot be used as a private key",
    ],
    [
      "a key that is none",
      { sslmode: "require", sslcert: file("client.crt"), sslkey: file("ca.crt") },
      "cannot be used as a private key",
    ],
    [
      "a revocation list that is not there",
      { sslmode: "require", sslcrl: "/missing" },
      "sslcrl names /missing, which does not exist",
    ],
    [
      "versions that cross",
      { sslmode: "require", ssl_min_protocol_version: "TLSv1.3", ssl_max_protocol_version: "TLSv1.2" },
      "is above ssl_max_protocol_version",
    ],
    [
      "a version that is none",
      { sslmode: "require", ssl_min_protocol_version: "SSLv3" },
      "has a value that libpq does not know",
    ],
    [
      "a name to verify and only an address",
      { sslmode: "verify-full", sslrootcert: root, host: "", hostaddr: "10.0.0.1" },
      "hostaddr alone has no name to verify",
    ],
  ])("is refused with %s", (_, parameters, problem) => {
    const query = new URLSearchParams(parameters).toString().replaceAll("+", "%20")
    const found = problemsOf({ connection: `postgres://db/d?${query}` })
    expect(found.map((each) => each.problem)).toEqual([expect.stringContaining(problem)])
  })

  it("is refused with a file that is no PEM", () => {
    const found = problemsOf(
      { connection: { host: "h", sslmode: "verify-ca", sslrootcert: "/der" } },
      {},
      systemWith({ "/der": "\x30\x82" }),
    )
    expect(found.map(({ path, problem }) => [path, problem])).toEqual([
      ["connection.sslrootcert", "names /der, which is no PEM file"],
    ])
  })
})

function approve(): undefined {
  return undefined
}

describe("the ssl option", () => {
  const ca = text("ca.crt")

  it.each<[unknown, object]>([
    [false, { attempts: ["plain"] }],
    [true, { attempts: ["tls"], tls: { rejectUnauthorized: true } }],
    [{}, { attempts: ["tls"], tls: { rejectUnauthorized: true } }],
    [{ ca }, { attempts: ["tls"], tls: { rejectUnauthorized: true } }],
    [{ ca: [Buffer.from(ca)] }, { attempts: ["tls"] }],
    [{ rejectUnauthorized: false }, { attempts: ["tls"], tls: { rejectUnauthorized: false } }],
    [{ cert: text("client.crt"), key: text("client-encrypted.key"), passphrase: "opensesame" }, { attempts: ["tls"] }],
    [{ minVersion: "TLSv1.3" }, { attempts: ["tls"] }],
  ])("means what Node means: %o", (ssl, plan) => {
    expect(settingsOf({ connection: { host: "db", ssl } }).tls).toMatchObject(plan)
  })

  it("wins over the connection string and the environment", () => {
    const connection = { connectionString: "postgres://db/d?sslmode=disable", ssl: true }
    expect(settingsOf({ connection }, { PGSSLMODE: "verify-full" }).tls.attempts).toEqual(["tls"])
  })

  it("verifies another name where the host is an address", () => {
    const { tls } = settingsOf({ connection: { host: "127.0.0.1", ssl: { ca, servername: "db.example.org" } } })
    expect(tls.tls).toMatchObject({ servername: "db.example.org", host: "db.example.org" })
  })

  it("takes a check of one's own", () => {
    const { tls } = settingsOf({ connection: { host: "db", ssl: { checkServerIdentity: approve } } })
    expect(tls.tls?.checkServerIdentity).toBe(approve)
  })

  it.each<[string, unknown, string, string]>([
    ["of another type", 1, "connection.ssl", "is 1"],
    ["with a part unknown", { reject: false }, "connection.ssl.reject", "there is no such option"],
    ["with Sequelize's part", { require: true }, "connection.ssl.require", "there is no such option"],
    ["with a certificate of another type", { ca: 5 }, "connection.ssl.ca", "is 5"],
    [
      "with a name where pg sends the host's",
      { servername: "x" },
      "connection.ssl.servername",
      "differs from the host, whose name pg always sends",
    ],
    ["with a key that is none", { key: "x" }, "connection.ssl", "holds what OpenSSL cannot use"],
  ])("is refused %s", (_, ssl, path, problem) => {
    const found = problemsOf({ connection: { host: "db", ssl } })
    expect(found.map((each) => [each.path, each.problem])).toEqual([[path, expect.stringContaining(problem)]])
  })

  it("is refused over a Unix socket", () => {
    expect(problemsOf({ connection: { host: "/tmp", ssl: true } }).map(({ path }) => path)).toEqual(["connection.ssl"])
  })

  it.each(["sslmode", "sslrootcert", "sslcert", "sslkey"])(
    "is refused beside %s, which says the same in libpq's words",
    (key) => {
      const connection = { host: "db", ssl: true, [key]: key === "sslmode" ? "require" : "/x" }
      expect(problemsOf({ connection }).map(({ path }) => path)).toEqual([`connection.${key}`])
    },
  )
})

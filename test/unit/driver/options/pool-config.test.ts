import { OptionsError } from "@kysely-resilient/driver/src/options/options-error.ts"
import { inDriversWords, readPoolConfig } from "@kysely-resilient/driver/src/options/pool-config.ts"
import { resolveOptions, type ResolvedOptions } from "@kysely-resilient/driver/src/options/resolve.ts"
import type { ConnectionSettings } from "@kysely-resilient/driver/src/postgres/settings.ts"
import { describe, expect, it } from "vitest"

const URL_TEXT = "postgres://ann:sesame@db.example.com:6543/shop"

type Env = Readonly<Record<string, string>>

const read = (config: unknown, env: Env = {}): ResolvedOptions =>
  resolveOptions(readPoolConfig(config, env).driver, env)

function settings(config: unknown, env: Env = {}): ConnectionSettings {
  const { connection } = read(config, env)
  if (!connection.ok) throw new Error(connection.failure.message)
  return connection.value
}

function problemsOf(config: unknown, env: Env = {}): readonly string[] {
  try {
    read(config, env)
  } catch (error) {
    if (error instanceof OptionsError) return error.problems.map(({ path, problem }) => `${path} ${problem}`)
    throw error
  }
  return []
}

describe("where to connect, in the words of pg", () => {
  it.each<[string, object, Env, object]>([
    [
      "a connection string",
      { connectionString: URL_TEXT },
      {},
      { host: "db.example.com", port: 6543, user: "ann", database: "shop" },
    ],
    [
      "the parts of one",
      { host: "h", port: 1, user: "u", database: "d" },
      {},
      { host: "h", port: 1, user: "u", database: "d" },
    ],
    ["a port from the environment of a program", { host: "h", port: "1234" }, {}, { port: 1234 }],
    ["nothing at all: localhost", {}, { PGUSER: "u" }, { host: "localhost", port: 5432, user: "u", database: "u" }],
    [
      "PG*",
      {},
      { PGHOST: "h", PGPORT: "7", PGUSER: "u", PGDATABASE: "d" },
      { host: "h", port: 7, user: "u", database: "d" },
    ],
    [
      "PG* for what the string leaves open",
      { connectionString: "postgres://h" },
      { PGUSER: "u" },
      { host: "h", user: "u" },
    ],
    [
      "the string before what is beside it",
      { connectionString: URL_TEXT, host: "x", user: "x", database: "x", port: 1 },
      {},
      { host: "db.example.com", user: "ann", database: "shop", port: 6543 },
    ],
    [
      "what is beside it for what the string leaves open",
      { connectionString: "postgres://h", user: "u", database: "d" },
      {},
      { user: "u", database: "d" },
    ],
    ["what is given before PG*", { host: "h" }, { PGHOST: "other", PGDATABASE: "d" }, { host: "h", database: "d" }],
    ["nothing at all, whatever DATABASE_URL says", {}, { DATABASE_URL: URL_TEXT }, { host: "localhost", port: 5432 }],
    [
      "no DATABASE_URL, which pg does not read",
      { user: "u" },
      { DATABASE_URL: URL_TEXT },
      { host: "localhost", user: "u" },
    ],
    ["an application's name", { host: "h", application_name: "a" }, {}, { applicationName: "a" }],
    ["its other name", { host: "h", fallback_application_name: "a" }, {}, { applicationName: "a" }],
    ["options", { host: "h", options: "-c geqo=off" }, {}, { options: "-c geqo=off" }],
    [
      "settings of the session",
      { host: "h", statement_timeout: 500, lock_timeout: 20, idle_in_transaction_session_timeout: 7 },
      { PGOPTIONS: "-c geqo=off" },
      { options: "-c geqo=off -c statement_timeout=500 -c lock_timeout=20 -c idle_in_transaction_session_timeout=7" },
    ],
    [
      "no settings of the session",
      { host: "h", statement_timeout: false, lock_timeout: 0 },
      {},
      { options: undefined },
    ],
    ["keepAlive: false", { host: "h", keepAlive: false }, {}, { keepAlive: false }],
    ["channel binding", { host: "h", enableChannelBinding: true }, {}, { channelBinding: "prefer" }],
  ])("takes %s", (_, config, env, expected) => {
    expect(settings(config, env)).toMatchObject(expected)
  })

  it.each([
    ["a text", "sesame"],
    ["a function", async () => "sesame"],
  ])("takes a password that is %s", async (_, password) => {
    expect(await settings({ host: "h", password }).password()).toEqual({ ok: true, value: "sesame" })
  })

  it("leads to no other database where the variable with the connection string is not set", () => {
    expect(read({ connectionString: undefined, max: 3 }).connection).toMatchObject({ ok: false })
    expect(settings({ connectionString: undefined }, { PGHOST: "h" })).toMatchObject({ host: "h" })
  })
})

describe("TLS, in the words of pg", () => {
  const VERIFIED = { attempts: ["tls"], tls: { rejectUnauthorized: true } }
  const UNVERIFIED = { attempts: ["tls"], tls: { rejectUnauthorized: false } }
  const PLAIN = { attempts: ["plain"] }

  it.each<[object, Env, object]>([
    [{ host: "h" }, {}, PLAIN],
    [{ host: "h", ssl: true }, {}, VERIFIED],
    [{ host: "h", ssl: "true" }, {}, VERIFIED],
    [{ host: "h", ssl: {} }, {}, VERIFIED],
    [{ host: "h", ssl: { rejectUnauthorized: false } }, {}, UNVERIFIED],
    [{ host: "h", ssl: "no-verify" }, {}, UNVERIFIED],
    [{ host: "h", ssl: false }, { PGSSLMODE: "require" }, PLAIN],
    // Where libpq would encrypt and believe anybody, pg verifies.
    [{ host: "h" }, { PGSSLMODE: "require" }, VERIFIED],
    [{ host: "h" }, { PGSSLMODE: "no-verify" }, UNVERIFIED],
    [{ connectionString: "postgres://h/d?sslmode=require" }, {}, VERIFIED],
    [{ connectionString: "postgres://h/d?sslmode=prefer" }, {}, VERIFIED],
    [{ connectionString: "postgres://h/d?ssl=true&application_name=a" }, {}, VERIFIED],
    [{ connectionString: "postgres://h/d?sslmode=no-verify" }, {}, UNVERIFIED],
    [{ connectionString: "postgres://h/d?sslmode=disable" }, { PGSSLMODE: "require" }, PLAIN],
    [{ connectionString: "postgres://h/d?sslmode=require", ssl: { rejectUnauthorized: false } }, {}, VERIFIED],
    [{ connectionString: "postgres://h/d", ssl: { rejectUnauthorized: false } }, {}, UNVERIFIED],
    [{ connectionString: "postgres://h/d?sslmode=require&uselibpqcompat=true" }, {}, UNVERIFIED],
    [{ host: "/run/postgresql" }, { PGSSLMODE: "require" }, PLAIN],
  ])("%j with %j is as it is with pg", (config, env, expected) => {
    expect(settings(config, env).tls).toMatchObject(expected)
  })
})

describe("how many and how long, in the words of pg", () => {
  it.each<[object, object]>([
    [
      {},
      {
        pool: { max: 10, min: 0, idleTimeoutMs: 10_000, acquireTimeoutMs: 30_000, keepAlive: false },
        timeouts: { connectMs: 5_000 },
      },
    ],
    [{ max: 3, min: 1 }, { pool: { max: 3, min: 1 } }],
    [{ max: "3" }, { pool: { max: 3 } }],
    [{ poolSize: 4 }, { pool: { max: 4 } }],
    [{ max: 0 }, { pool: { max: 10 } }],
    [{ idleTimeoutMillis: 7 }, { pool: { idleTimeoutMs: 7 } }],
    [{ idleTimeoutMillis: 0 }, { pool: { idleTimeoutMs: 2_147_483_647 } }],
    [{ idleTimeoutMillis: null }, { pool: { idleTimeoutMs: 2_147_483_647 } }],
    [{ connectionTimeoutMillis: 700 }, { pool: { acquireTimeoutMs: 700 }, timeouts: { connectMs: 700 } }],
    [{ connectionTimeoutMillis: 0 }, { pool: { acquireTimeoutMs: 2_147_483_647 }, timeouts: { connectMs: 5_000 } }],
    [{ maxLifetimeSeconds: 60 }, { pool: { maxLifetimeMs: 60_000 } }],
    [{ maxLifetimeSeconds: 0 }, { pool: { maxLifetimeMs: 2_147_483_647 } }],
    [{ query_timeout: 9 }, { timeouts: { queryMs: 9 } }],
    [{ query_timeout: 0 }, { timeouts: { queryMs: undefined } }],
    [{ allowExitOnIdle: false }, { pool: { keepAlive: true } }],
    [{ allowExitOnIdle: true }, { pool: { keepAlive: false } }],
    [
      { resilience: { pool: { max: 30 }, timeouts: { cancelMs: 7 }, retry: false, resolution: "marker" } },
      { pool: { max: 30, min: 0 }, timeouts: { cancelMs: 7 }, resolution: "marker", retry: { enabled: false } },
    ],
  ])("%j", (config, expected) => {
    expect(read({ host: "h", ...config })).toMatchObject(expected)
  })

  it("keeps what is not for the driver", () => {
    const types = { getTypeParser: () => String }
    const { rest } = readPoolConfig({ max: 3, maxUses: 9, types, maxLifetimeSeconds: 60, allowExitOnIdle: true }, {})
    expect(rest).toMatchObject({
      usesMax: 9,
      types,
      limits: { max: 3, min: 0, maxUses: 9, maxLifetimeSeconds: 60, allowExitOnIdle: true, idleTimeoutMillis: 10_000 },
    })
  })
})

describe("what is not taken", () => {
  it.each<[object, string]>([
    [{ Client: Object }, "Client cannot be chosen"],
    [{ stream: () => {} }, "stream cannot be given"],
    [{ replication: "database" }, "replication is for a replication client"],
    [{ binary: true }, "binary is not supported"],
    [{ scramMaxIterations: 5 }, "scramMaxIterations is not supported"],
    [{ Promise: Object }, "Promise is not the native one"],
    [{ sslnegotiation: "direct" }, "sslnegotiation is direct"],
    [{ client_encoding: "latin1" }, "client_encoding is not UTF8"],
    [{ max: "many" }, "max is a string"],
    [{ max: -1 }, "max is -1"],
    [{ idleTimeoutMilis: 5 }, "idleTimeoutMilis there is no such option"],
    [{ onConnect: "set x" }, "onConnect is a string"],
    [{ max: 3, resilience: { pool: { max: 4 } } }, "resilience.pool.max is given in pg's words too"],
    [
      { query_timeout: 3, resilience: { timeouts: { queryMs: 4 } } },
      "resilience.timeouts.queryMs is given in pg's words too",
    ],
    [{ resilience: { connection: URL_TEXT } }, "resilience.connection there is no such option"],
    [{ resilience: { retries: 5 } }, "resilience.retries there is no such option"],
    [{ resilience: { pool: { maximum: 5 } } }, "pool.maximum there is no such option"],
  ])("%j", (config, problem) => {
    expect(problemsOf({ host: "h", ...config })).toEqual([expect.stringContaining(problem)])
  })

  it("is what nobody knows, and pg ignores", () => {
    expect(problemsOf({ host: "h", dialect: "postgres", schemaName: "app", parseInputDatesAsUTC: true })).toEqual([])
  })

  it("is told all at once, and quotes no password", () => {
    const all = problemsOf({ connectionString: URL_TEXT, Client: Object, binary: true, max: "sesame" })
    expect(all).toHaveLength(3)
    expect(all.join(" ")).not.toContain("sesame")
  })
})

describe("whose words they are", () => {
  it.each([
    [{}, false],
    [{ max: 3, connectionString: URL_TEXT }, false],
    [{ max: 3, resilience: { retry: false } }, false],
    [{ connection: URL_TEXT }, true],
    [{ pool: { max: 3 } }, true],
    [{ observer: () => {} }, true],
  ])("%j: the driver's? %s", (config, expected) => {
    expect(inDriversWords(config)).toBe(expected)
  })
})

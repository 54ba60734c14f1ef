import { DEFAULT_LIMITS, type Examined } from "@kysely-resilient/core/src/advice/examined.ts"
import type { SectionName } from "@kysely-resilient/core/src/advice/facts/section.ts"
import { SERVER_RULES } from "@kysely-resilient/core/src/advice/server-rules.ts"
import { describe, expect, it } from "vitest"

import { expectOneAsOne } from "../../../support/grammar.ts"

/** Well set up, far away, in production, with everything to be seen. */
const SOUND: Examined = {
  server: {
    version: "18.6",
    versionNumber: 180_006,
    upMs: 1,
    database: { name: "shop", connectionLimit: -1, connections: 5 },
    role: { name: "app", superuser: false, connectionLimit: -1, connections: 5, seesAll: true },
    settings: {
      application_name: "shop",
      autovacuum: "on",
      autovacuum_freeze_max_age: "200000000",
      autovacuum_multixact_freeze_max_age: "400000000",
      archive_mode: "on",
      client_connection_check_interval: "10000",
      data_checksums: "on",
      default_transaction_read_only: "off",
      fsync: "on",
      full_page_writes: "on",
      idle_in_transaction_session_timeout: "60000",
      idle_session_timeout: "0",
      lock_timeout: "10000",
      log_lock_waits: "on",
      max_connections: "100",
      password_encryption: "scram-sha-256",
      reserved_connections: "2",
      ssl: "on",
      statement_timeout: "60000",
      superuser_reserved_connections: "3",
      synchronous_commit: "on",
      synchronous_standby_names: "",
      tcp_keepalives_idle: "60",
      track_counts: "on",
      track_io_timing: "on",
      transaction_timeout: "0",
    },
    connection: { tls: true, address: "10.0.0.2" },
    inRecovery: false,
    replay: null,
    connections: 20,
    oldest: { database: "shop", xidAge: 100_000_000, multixactAge: 5 },
    markerTable: false,
  },
  activity: { states: { active: 2 }, hidden: 0, idleInTransaction: [], transactions: [], blocked: [], prepared: [] },
  storage: {
    invalidIndexes: [],
    duplicateIndexes: [],
    unindexedForeignKeys: [],
    staleStatistics: [],
    deadRows: [],
    withoutAutovacuum: [],
    unlogged: [],
    extensions: [],
  },
  sequences: { sequences: [] },
  replication: {
    slots: [],
    standbys: [],
    archiver: { archived: 9, failed: 1, failing: false, lastFailedWal: null },
  },
  statementsPlace: { schema: "public", loaded: true },
  unseen: [],
  configuration: {
    connection: {
      host: "db.example.com",
      port: 5432,
      user: "app",
      database: "shop",
      tls: "verified",
      applicationName: "shop",
      keepAlive: true,
    },
    pool: { min: 2, max: 20, acquireTimeoutMs: 30_000, idleTimeoutMs: 30_000, maxLifetimeMs: 1_800_000 },
    timeouts: { connectMs: 5_000, queryMs: 30_000, transactionMs: 30_000, stallMs: 1_000 },
    retry: { enabled: true, attemptsMax: 3, outageWaitMs: 5_000 },
    resolution: "xid",
    resolveAutocommit: true,
  },
  pooled: false,
  pings: { count: 20, p50Ms: 1, p99Ms: 2, skewMs: 0, skewErrorMs: 0.5, processes: 1 },
  local: false,
  production: true,
  replicas: 4,
  limits: DEFAULT_LIMITS,
  at: Date.parse("2026-12-01"),
}

type Deep<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Deep<T[K]> | undefined }
    : T

function merge(sound: unknown, change: unknown): unknown {
  if (!isObject(sound) || !isObject(change)) return change
  const merged: Record<string, unknown> = { ...sound }
  for (const [key, value] of Object.entries(change)) merged[key] = merge(merged[key], value)
  return merged
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** One thing changed, however deep. */
const examinedWith = (change: Deep<Examined>): Examined => merge(SOUND, change) as Examined

const found = (change: Deep<Examined>): string[] => {
  const examined = examinedWith(change)
  return SERVER_RULES.flatMap(({ code, find }) => {
    const finding = find(examined)
    return finding === undefined ? [] : [`${finding.severity} ${code}`]
  })
}

/** By the name of the question that answers it. */
const QUESTIONS: Partial<Readonly<Record<keyof Examined, SectionName>>> = {
  activity: "activity",
  storage: "storage",
  sequences: "sequences",
  replication: "replication",
  statementsPlace: "pg_stat_statements",
  statements: "statements",
}

/** Writes down whatever answer is looked at. */
function watched(examined: Examined, looked: Set<string>): Examined {
  const copy = { ...examined }
  for (const [key, question] of Object.entries(QUESTIONS)) {
    const value: unknown = Reflect.get(examined, key)
    Object.defineProperty(copy, key, { get: () => (looked.add(question), value) })
  }
  return copy
}

const settings = (changed: Record<string, string>): Deep<Examined> => ({ server: { settings: changed } })
const role = (changed: Deep<Examined["server"]["role"]>): Deep<Examined> => ({ server: { role: changed } })
const session = { pid: 7, user: "app", application: "", database: "shop" }
const sessions = (forMs: number): (typeof session & { readonly forMs: number })[] => [{ ...session, forMs }]
const sequence = (ratio: number): Deep<Examined> => ({
  sequences: {
    sequences: [{ sequence: "s", last: 1, max: 2, ratio, table: "t", column: "id", columnSql: "id", type: "integer" }],
  },
})
const slot = { slot: "s", type: "physical", active: false, retainedBytes: 1, walStatus: "reserved", inactiveMs: null }
const slots = (changed: Partial<typeof slot | { inactiveMs: number; retainedBytes: null }>): Deep<Examined> => ({
  replication: { slots: [{ ...slot, ...changed }] },
})
const foreignKey = (rows: number): Deep<Examined> => ({
  storage: {
    unindexedForeignKeys: [{ constraint: "k", table: "t", columns: ["a"], columnsSql: "a", rows, references: "u" }],
  },
})
const standby = (changed: object): Deep<Examined> => ({
  replication: { standbys: [{ application: "mirror", state: "streaming", sync: "sync", replayLagMs: 0, ...changed }] },
})
const pings = (changed: Partial<Examined["pings"]>): Deep<Examined> => ({ pings: changed })

const CASES: readonly (readonly [what: string, change: Deep<Examined>, advice: readonly string[]])[] = [
  ["fsync", settings({ fsync: "off" }), ["critical FSYNC_OFF"]],
  ["fsync at home", { production: false, ...settings({ fsync: "off" }) }, ["info FSYNC_OFF"]],
  ["full pages", settings({ full_page_writes: "off" }), ["critical FULL_PAGE_WRITES_OFF"]],
  ["asynchronous commit", settings({ synchronous_commit: "off" }), ["warning SYNCHRONOUS_COMMIT_OFF"]],
  ["commit on this server only", settings({ synchronous_commit: "local" }), []],
  ["no checksums", settings({ data_checksums: "off" }), ["info CHECKSUMS_OFF"]],
  ["no autovacuum", settings({ autovacuum: "off" }), ["warning AUTOVACUUM_OFF"]],
  ["no counts", settings({ track_counts: "off" }), ["warning AUTOVACUUM_OFF"]],
  ["a table without", { storage: { withoutAutovacuum: [{ table: "t" }] } }, ["info AUTOVACUUM_OFF"]],
  ["MD5", settings({ password_encryption: "md5" }), ["warning PASSWORD_MD5"]],
  ["archiving that fails", { replication: { archiver: { failing: true } } }, ["critical ARCHIVING_FAILS"]],
  [
    "once",
    { replication: { archiver: { failing: true, failed: 1, lastFailedWal: "x" } } },
    ["critical ARCHIVING_FAILS"],
  ],
  ["and is off", { ...settings({ archive_mode: "off" }), replication: { archiver: { failing: true } } }, []],
  ["no standby", settings({ synchronous_standby_names: "m" }), ["critical SYNCHRONOUS_STANDBY_MISSING"]],
  ["one", { ...settings({ synchronous_standby_names: "m" }), ...standby({}) }, []],
  ["one of a quorum", { ...settings({ synchronous_standby_names: "m" }), ...standby({ sync: "quorum" }) }, []],
  [
    "one that is not",
    { ...settings({ synchronous_standby_names: "m" }), ...standby({ sync: "async" }) },
    ["critical SYNCHRONOUS_STANDBY_MISSING"],
  ],
  ["one unseen", { ...settings({ synchronous_standby_names: "m" }), ...standby({ state: null, sync: null }) }, []],
  ["none waited for", settings({ synchronous_standby_names: "m", synchronous_commit: "local" }), []],
  ["a standby 30 s behind", standby({ replayLagMs: 30_000 }), []],
  ["more", standby({ replayLagMs: 30_001 }), ["warning REPLICA_LAG"]],
  [
    "being a standby",
    { server: { inRecovery: true, replay: { lagMs: 30_000, receiving: true } } },
    ["critical SERVER_READ_ONLY"],
  ],
  [
    "far behind",
    { server: { inRecovery: true, replay: { lagMs: 30_001, receiving: true } } },
    ["critical SERVER_READ_ONLY", "warning REPLICA_LAG"],
  ],
  [
    "deaf",
    { server: { inRecovery: true, replay: { lagMs: 0, receiving: false } } },
    ["critical SERVER_READ_ONLY", "warning REPLICA_LAG"],
  ],
  ["told to only read", settings({ default_transaction_read_only: "on" }), ["warning SERVER_READ_ONLY"]],
  ["a slot", slots({}), ["warning SLOT_INACTIVE"]],
  ["in use", slots({ active: true }), []],
  ["empty", slots({ retainedBytes: null }), []],
  ["left just now", slots({ inactiveMs: 59_999 }), []],
  ["left a minute ago", slots({ inactiveMs: 60_000 }), ["warning SLOT_INACTIVE"]],
  ["lost, and in use", slots({ active: true, walStatus: "lost" }), ["warning SLOT_INACTIVE"]],
  [
    "the end of PostgreSQL 18",
    { at: Date.parse("2030-11-14"), server: { versionNumber: 180_099 } },
    ["warning VERSION_END_OF_LIFE"],
  ],
  ["a day before", { at: Date.parse("2030-11-13"), server: { versionNumber: 180_099 } }, []],
  ["PostgreSQL 14", { server: { versionNumber: 140_099 } }, ["warning VERSION_END_OF_LIFE"]],
  ["PostgreSQL 11", { server: { versionNumber: 110_022 } }, ["warning VERSION_END_OF_LIFE"]],
  ["one that is not known yet", { server: { versionNumber: 230_000 } }, []],
  // Since 18.0 came out there were five Thursdays up to November 2026, which is given 30 days.
  ["four minors later", { server: { versionNumber: 180_004 } }, []],
  ["three", { server: { versionNumber: 180_003 } }, ["info VERSION_BEHIND"]],
  ["two", { server: { versionNumber: 180_002 } }, ["info VERSION_BEHIND"]],
  ["one", { server: { versionNumber: 180_001 } }, ["warning VERSION_BEHIND"]],
  [
    "another month later",
    { server: { versionNumber: 180_004 }, at: Date.parse("2026-12-13") },
    ["info VERSION_BEHIND"],
  ],
  [
    "an old extension",
    { storage: { extensions: [{ name: "x-y", installed: "1", available: "2" }] } },
    ["info EXTENSIONS_BEHIND"],
  ],
  ["a superuser", role({ superuser: true }), ["warning SUPERUSER_ROLE"]],
  // (100 - 3 - 2) / 4 = 23.75
  ["23 connections each", { configuration: { pool: { max: 23 } } }, []],
  ["all 95 of one", { replicas: 1, configuration: { pool: { max: 95 } } }, []],
  ["24", { configuration: { pool: { max: 24 } } }, ["warning CONNECTION_BUDGET"]],
  ["24 of a pooler's", { pooled: true, configuration: { pool: { max: 24 } } }, ["info POOLER_BETWEEN"]],
  ["a role that may have 80", role({ connectionLimit: 80 }), []],
  ["79", role({ connectionLimit: 79 }), ["warning CONNECTION_LIMIT"]],
  ["none", role({ connectionLimit: 0 }), ["warning CONNECTION_LIMIT"]],
  [
    "none, and one is wanted",
    { replicas: 1, configuration: { pool: { max: 1 } }, ...role({ connectionLimit: 0 }) },
    ["warning CONNECTION_LIMIT"],
  ],
  ["of a superuser", role({ connectionLimit: 0, superuser: true }), ["warning SUPERUSER_ROLE"]],
  ["through a pooler", { pooled: true, ...role({ connectionLimit: 0 }) }, ["info POOLER_BETWEEN"]],
  ["a database that may have 79", { server: { database: { connectionLimit: 79 } } }, ["warning CONNECTION_LIMIT"]],
  ["75 of 95 taken", { server: { connections: 75 } }, []],
  ["76", { server: { connections: 76 } }, ["warning CONNECTIONS_NEARLY_EXHAUSTED"]],
  ["91", { server: { connections: 91 } }, ["critical CONNECTIONS_NEARLY_EXHAUSTED"]],
  [
    "95 of 100",
    { server: { connections: 95, settings: { max_connections: "105" } } },
    ["critical CONNECTIONS_NEARLY_EXHAUSTED"],
  ],
  ["two processes", pings({ processes: 2 }), ["warning POOLER_BETWEEN"]],
  [
    "and a marker",
    { ...pings({ processes: 2 }), configuration: { resolution: "marker" }, server: { markerTable: true } },
    ["info POOLER_BETWEEN"],
  ],
  ["no marker table", { configuration: { resolution: "marker" } }, ["warning MARKER_TABLE_MISSING"]],
  ["no keep-alive", { configuration: { connection: { keepAlive: false } } }, ["warning KEEPALIVE_OFF"]],
  ["five minutes of silence", settings({ tcp_keepalives_idle: "300" }), []],
  ["more", settings({ tcp_keepalives_idle: "301" }), ["warning SERVER_KEEPALIVE_SLOW"]],
  ["a Unix socket", settings({ tcp_keepalives_idle: "0" }), []],
  ["no look at the client", settings({ client_connection_check_interval: "0" }), ["warning NO_CLIENT_CHECK"]],
  ["statements without limit", settings({ statement_timeout: "0" }), ["info NO_STATEMENT_TIMEOUT"]],
  [
    "nowhere",
    { ...settings({ statement_timeout: "0" }), configuration: { timeouts: { queryMs: undefined } } },
    ["warning NO_STATEMENT_TIMEOUT"],
  ],
  ["waits for locks", settings({ lock_timeout: "0" }), ["info NO_LOCK_TIMEOUT"]],
  [
    "rest in transactions",
    settings({ idle_in_transaction_session_timeout: "0" }),
    ["warning NO_IDLE_IN_TRANSACTION_TIMEOUT"],
  ],
  ["bounded otherwise", settings({ idle_in_transaction_session_timeout: "0", transaction_timeout: "1" }), []],
  ["idle sessions that end first", settings({ idle_session_timeout: "1800000" }), ["warning IDLE_SESSION_TIMEOUT"]],
  ["or not", settings({ idle_session_timeout: "1800001" }), []],
  ["without any to keep", { ...settings({ idle_session_timeout: "30001" }), configuration: { pool: { min: 0 } } }, []],
  ["15 s to connect", { configuration: { timeouts: { connectMs: 15_000 } } }, []],
  ["more", { configuration: { timeouts: { connectMs: 15_001 } } }, ["warning CONNECT_TIMEOUT_LONG"]],
  ["a day's life", { configuration: { pool: { maxLifetimeMs: 86_400_000 } } }, []],
  ["more", { configuration: { pool: { maxLifetimeMs: 86_400_001 } } }, ["info POOL_LIFETIME_LONG"]],
  ["no TLS", { configuration: { connection: { tls: "off" } } }, ["warning TLS_OFF"]],
  ["perhaps", { configuration: { connection: { tls: "optional" } } }, ["warning TLS_OFF"]],
  ["of anybody", { configuration: { connection: { tls: "unverified" } } }, ["info TLS_UNVERIFIED"]],
  ["at home", { local: true, configuration: { connection: { tls: "off" } } }, []],
  ["no name", settings({ application_name: "" }), ["info APPLICATION_NAME_EMPTY"]],
  ["no log of waits", settings({ log_lock_waits: "off" }), ["info LOCK_WAITS_NOT_LOGGED"]],
  ["no times", settings({ track_io_timing: "off" }), ["info IO_NOT_TIMED"]],
  ["no statements", { statementsPlace: { schema: null } }, ["info STATEMENTS_NOT_TRACKED"]],
  ["not loaded", { statementsPlace: { loaded: false } }, ["info STATEMENTS_NOT_TRACKED"]],
  ["300 million transactions", { server: { oldest: { xidAge: 300_000_000 } } }, []],
  ["more", { server: { oldest: { xidAge: 300_000_001 } } }, ["warning XID_AGE"]],
  ["600 million multixacts", { server: { oldest: { multixactAge: 600_000_001 } } }, ["warning XID_AGE"]],
  ["hardly any left", { server: { oldest: { xidAge: 2 ** 31 - 39_999_999 } } }, ["critical XID_AGE"]],
  ["a few more", { server: { oldest: { xidAge: 2 ** 31 - 40_000_000 } } }, ["warning XID_AGE"]],
  ["80 %", sequence(0.8), []],
  ["more", sequence(0.8001), ["warning SEQUENCE_NEARLY_EXHAUSTED"]],
  ["95 %", sequence(0.95), ["critical SEQUENCE_NEARLY_EXHAUSTED"]],
  ["a minute prepared", { activity: { prepared: [{ name: "x", owner: "o", database: "d", forMs: 60_000 }] } }, []],
  [
    "more",
    { activity: { prepared: [{ name: "x", owner: "o", database: "d", forMs: 60_001 }] } },
    ["warning PREPARED_TRANSACTIONS"],
  ],
  ["an invalid index", { storage: { invalidIndexes: [{ index: "i", table: "t" }] } }, ["warning INVALID_INDEXES"]],
  [
    "a double",
    { storage: { duplicateIndexes: [{ index: "i", table: "t", of: "j", bytes: 1 }] } },
    ["info DUPLICATE_INDEXES"],
  ],
  ["99,999 rows", foreignKey(99_999), ["info FOREIGN_KEYS_UNINDEXED"]],
  ["100,000", foreignKey(100_000), ["warning FOREIGN_KEYS_UNINDEXED"]],
  [
    "old statistics",
    { storage: { staleStatistics: [{ table: "t", rows: 1, changed: 1, analyzed: true }] } },
    ["info STALE_STATISTICS"],
  ],
  ["dead rows", { storage: { deadRows: [{ table: "t", live: 1, dead: 1 }] } }, ["info DEAD_ROWS"]],
  ["unlogged", { storage: { unlogged: [{ table: "t" }] } }, ["info UNLOGGED_TABLES"]],
  ["rest for 5 s", { activity: { idleInTransaction: sessions(5_000) } }, []],
  ["more", { activity: { idleInTransaction: sessions(5_001) } }, ["warning IDLE_IN_TRANSACTION"]],
  ["work for 60 s", { activity: { transactions: sessions(60_000) } }, []],
  ["more", { activity: { transactions: sessions(60_001) } }, ["warning LONG_TRANSACTIONS"]],
  ["a wait of 1 s", { activity: { blocked: [{ ...session, forMs: 1_000, by: [1], relation: null }] } }, []],
  ["more", { activity: { blocked: [{ ...session, forMs: 1_001, by: [1], relation: null }] } }, ["warning LOCK_CHAIN"]],
  [
    "30 s",
    { activity: { blocked: [{ ...session, forMs: 30_000, by: [1], relation: null }] } },
    ["critical LOCK_CHAIN"],
  ],
  ["20 ms away", pings({ p50Ms: 20 }), []],
  ["more", pings({ p50Ms: 20.1 }), ["info FAR_AWAY"]],
  ["100 ms", pings({ p50Ms: 100.1 }), ["warning FAR_AWAY"]],
  ["a second apart", pings({ skewMs: 1_000.5 }), []],
  ["more", pings({ skewMs: 1_001 }), ["warning CLOCK_SKEW"]],
  ["the other way", pings({ skewMs: -1_001 }), ["warning CLOCK_SKEW"]],
  ["over a slow way", pings({ skewMs: 1_200, skewErrorMs: 300 }), []],
  ["somebody hidden", { activity: { hidden: 1 } }, ["info LIMITED_VIEW"]],
]

describe("rules about a server", () => {
  it("have nothing to say of a sound one", () => {
    expect(found({})).toEqual([])
  })

  it("stay silent where nothing could be seen, and say that", () => {
    const { server, configuration, pooled, pings: measured, local, production, replicas, limits, at } = SOUND
    const blind = { server, configuration, pooled, pings: measured, local, production, replicas, limits, at }
    const unseen = (why: string): Examined["unseen"] => [{ what: "storage", why, message: why }]
    const adviceWhen = (why: string): string[] =>
      SERVER_RULES.flatMap(({ code, find }) => (find({ ...blind, unseen: unseen(why) }) ? [code] : []))
    expect(adviceWhen("insufficient_privilege")).toEqual(["LIMITED_VIEW"])
    // No right was missing, and none would help.
    for (const why of ["lock_timeout", "server_shutdown", "deadline_exceeded"]) expect(adviceWhen(why)).toEqual([])
    const nothingShown = { ...blind, unseen: [], server: { ...server, settings: {} } }
    expect(SERVER_RULES.flatMap(({ code, find }) => (find(nothingShown) ? [code] : []))).toEqual([])
  })

  it.each(CASES)("%s", (_, change, advice) => {
    expect(found(change)).toEqual(advice)
  })

  it("each names what it judges, so that its silence is told from ignorance", () => {
    for (const { code, needs = [], find } of SERVER_RULES) {
      const judged = CASES.flatMap(([, change]) => {
        const looked = new Set<string>()
        return find(watched(examinedWith(change), looked)) === undefined ? [...looked] : []
      })
      expect([...new Set(judged)].toSorted(), code).toEqual(needs.toSorted())
    }
  })

  it("speak of one as of one, and of several as of several", () => {
    for (const [, change] of CASES)
      for (const { find } of SERVER_RULES) expectOneAsOne(find(examinedWith(change))?.message ?? "")
    const message = (change: Deep<Examined>): string =>
      SERVER_RULES.flatMap(({ find }) => find(examinedWith(change))?.message ?? []).join()
    const index = (name: string) => ({ index: name, table: "t" })
    expect(message({ storage: { invalidIndexes: [index("i")] } })).toBe("i failed to be built and is of no use")
    expect(message({ storage: { invalidIndexes: [index("i"), index("j")] } })).toBe(
      "i, j failed to be built and are of no use",
    )
    const standbys = standby({ replayLagMs: 40_000 }).replication?.standbys ?? []
    expect(message({ replication: { standbys } })).toBe("1 standby is 40 s behind")
    expect(message({ replication: { standbys: [...standbys, ...standbys] } })).toBe(
      "2 standbys are behind, the farthest by 40 s",
    )
  })

  it("each has a case here in which it speaks", () => {
    const spoken = new Set(CASES.flatMap(([, , advice]) => advice.map((one) => one.split(" ")[1])))
    expect(SERVER_RULES.filter(({ code }) => !spoken.has(code))).toEqual([])
  })
})

describe("the SQL that loads pg_stat_statements", () => {
  const sql = (shared_preload_libraries: string | undefined, schema: string | null): string | undefined =>
    SERVER_RULES.find(({ code }) => code === "STATEMENTS_NOT_TRACKED")?.find(
      examinedWith({
        server: { settings: { ...(shared_preload_libraries !== undefined && { shared_preload_libraries }) } },
        statementsPlace: { loaded: false, schema },
      }),
    )?.sql

  it("keeps what is loaded already, and makes no extension that is there", () => {
    expect(sql("", "public")).toBe("alter system set shared_preload_libraries = 'pg_stat_statements'")
    expect(sql('auto_explain, "my lib"', null)).toBe(
      "alter system set shared_preload_libraries = 'auto_explain', 'my lib', 'pg_stat_statements';\n" +
        "-- after a restart:\ncreate extension pg_stat_statements",
    )
    expect(sql(undefined, "public")).toMatch(/^-- and whatever `show shared_preload_libraries` says:\nalter system/)
  })
})

describe("a lock chain", () => {
  it("names those at its root, and not those who wait themselves", () => {
    const blocked = [
      { ...session, pid: 1, forMs: 9_000, by: [2], relation: "t" },
      { ...session, pid: 2, forMs: 8_000, by: [3, 0], relation: "t" },
    ]
    const chain = SERVER_RULES.find(({ code }) => code === "LOCK_CHAIN")?.find(examinedWith({ activity: { blocked } }))
    expect(chain).toMatchObject({ sql: "select pg_terminate_backend(3)", evidence: { roots: [3, 0] } })
  })
})

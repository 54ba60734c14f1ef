import { describe, expect, it } from "vitest"

import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import type { Failure } from "@kysely-resilient/driver/src/failure/failure.ts"
import { poolerError, sent } from "./support.ts"

type Case = readonly [message: string, expected: Partial<Failure>]

/** The server never got the statement, whatever the phase. */
const kept: Partial<Failure> = {
  origin: "pooler",
  connection: "discard",
  effect: "not_applied",
  blame: "server",
  pace: "slow",
}

const unforwarded: readonly Case[] = [
  ["query_wait_timeout", { ...kept, kind: "pooler_unavailable" }],
  [
    "server login has been failing, try again later (server_login_retry)",
    { ...kept, kind: "pooler_unavailable", heal: "find_primary" },
  ],
  [
    "server login has been failing, cached error: connect failed (server_login_retry)",
    { ...kept, kind: "pooler_unavailable", heal: "find_primary" },
  ],
  [
    'server login has been failing, cached error: database "x" does not exist (server_login_retry)',
    { ...kept, kind: "pooler_unavailable" },
  ],
  ["client_login_timeout (server down)", { ...kept, kind: "pooler_unavailable" }],
  ["no more connections allowed (max_client_conn)", { ...kept, kind: "too_many_connections" }],
  ["client connections exceeded (100)", { ...kept, kind: "too_many_connections" }],
  ["Max client connections reached", { ...kept, kind: "too_many_connections" }],
  ["sorry, too many clients already", { ...kept, kind: "too_many_connections" }],
  ["the database system is shutting down", { ...kept, kind: "server_starting" }],
  ["the database system is starting up", { ...kept, kind: "server_starting" }],
  ["pgbouncer is shutting down", { ...kept, kind: "pooler_unavailable" }],
  ["server shutting down", { ...kept, kind: "pooler_unavailable" }],
  ['database "app" is disabled', { ...kept, kind: "pooler_unavailable" }],
  ['database "app" is paused', { ...kept, kind: "pooler_unavailable" }],
  ["invalid server parameter", { ...kept, kind: "pooler_unavailable" }],
  ["client_idle_timeout", { ...kept, kind: "connection_failed", blame: "client", pace: "quick" }],
  ["checkout timeout", { ...kept, kind: "pooler_unavailable" }],
  ["all replicas down", { ...kept, kind: "pooler_unavailable" }],
]

const wrong: readonly Case[] = [
  ["transaction blocks not allowed in statement pooling mode", { kind: "configuration", retry: "never" }],
  ["unsupported startup parameter: options", { kind: "configuration", retry: "never" }],
  ["bouncer config error", { kind: "configuration", retry: "never" }],
  ['database "nodb" does not exist', { kind: "configuration", retry: "never" }],
  ["Tenant or user not found", { kind: "configuration", retry: "never" }],
  ["SASL authentication failed", { kind: "authentication_failed", retry: "never", heal: "new_credentials" }],
  ["password authentication failed", { kind: "authentication_failed", retry: "never" }],
]

/** The server may have been at it: only the laws know. */
const lost: readonly string[] = [
  "server conn crashed?",
  "server closed the connection",
  "query_timeout",
  "query timeout",
  "idle transaction timeout",
  "database removed",
  "something that no pooler has said yet",
]

describe("the pooler kept the statement", () => {
  it.each(unforwarded)("%s", (message, expected) => {
    for (const phase of ["connect", "write", "transaction", "commit"] as const) {
      expect(classify(poolerError(message), sent(phase))).toMatchObject(expected)
    }
    expect(classify(poolerError(message), sent("write")).retry).toBe("statement")
    expect(classify(poolerError(message), sent("transaction")).retry).toBe("transaction")
  })

  it("but does not say so of one that has been answered", () => {
    expect(classify(poolerError("query_wait_timeout"), sent("write", { completed: true })).effect).toBe("unknown")
  })
})

describe("the pooler is set up for something else", () => {
  it.each(wrong)("%s", (message, expected) => {
    expect(classify(poolerError(message), sent("write"))).toMatchObject({
      ...expected,
      origin: "pooler",
      blame: "client",
      connection: "discard",
      effect: "not_applied",
    })
  })
})

describe("the pooler hung up", () => {
  it.each(lost)("%s", (message) => {
    const thrown = poolerError(message)
    expect(classify(thrown, sent("write"))).toMatchObject({
      kind: "connection_failed",
      origin: "pooler",
      connection: "discard",
      retry: "statement",
      effect: "unknown",
    })
    expect(classify(thrown, sent("transaction"))).toMatchObject({ retry: "transaction", effect: "not_applied" })
    expect(classify(thrown, sent("commit"))).toMatchObject({ retry: "transaction", effect: "unknown" })
    expect(classify(thrown, sent("read", { readOnly: true }))).toMatchObject({
      retry: "statement",
      effect: "not_applied",
    })
  })
})

describe("named statements behind a pooler", () => {
  it.each(["prepared statement name is already in use", 'prepared statement "s1" already exists'])("%s", (message) => {
    expect(classify(poolerError(message), sent("write"))).toMatchObject({
      kind: "prepared_statement_exists",
      heal: "forget_statement",
      retry: "transaction",
      effect: "not_applied",
    })
  })

  it("prepared statement did not exist", () => {
    expect(classify(poolerError("prepared statement did not exist"), sent("write"))).toMatchObject({
      kind: "prepared_statement_missing",
      heal: "forget_statement",
      effect: "not_applied",
    })
  })

  it("26000 and 42P05 without a signature", () => {
    expect(classify(poolerError("?", { code: "26000" }), sent("write")).kind).toBe("prepared_statement_missing")
    expect(classify(poolerError("?", { code: "42P05" }), sent("write")).kind).toBe("prepared_statement_exists")
  })
})

describe("codes that a pooler passes on without their signature", () => {
  it.each([
    ["57P03", "server_starting"],
    ["53300", "too_many_connections"],
    ["28P01", "authentication_failed"],
    ["3D000", "configuration"],
    ["08001", "connection_failed"],
  ] as const)("%s belongs to its login, before any statement", (code, kind) => {
    expect(classify(poolerError("?", { code }), sent("commit"))).toMatchObject({
      kind,
      effect: "not_applied",
      connection: "discard",
    })
  })

  it("vouch for nothing else: the server's word is the server's", () => {
    expect(classify(poolerError("?", { code: "57P01" }), sent("write"))).toMatchObject({
      kind: "server_shutdown",
      origin: "pooler",
      effect: "unknown",
    })
    expect(classify(poolerError("?", { code: "40001", severity: "ERROR" }), sent("commit")).effect).toBe("unknown")
  })

  it("keep the connection of a pooler that goes on", () => {
    const thrown = poolerError("?", { code: "23505", severity: "ERROR" })
    expect(classify(thrown, sent("write", { ready: true }))).toMatchObject({
      kind: "unique_violation",
      connection: "repair",
    })
    expect(classify(thrown, sent("write")).connection).toBe("discard")
  })

  it("a code that nobody knows is a lost connection", () => {
    expect(classify(poolerError("?", { code: "ZZ999" }), sent("write")).kind).toBe("connection_failed")
  })

  it("one that is signed is the server's own, passed through", () => {
    const thrown = poolerError("terminating connection due to administrator command", {
      code: "57P01",
      routine: "ProcessInterrupts",
      file: "postgres.c",
    })
    expect(classify(thrown, sent("write"))).toMatchObject({ origin: "server", effect: "not_applied" })
  })
})

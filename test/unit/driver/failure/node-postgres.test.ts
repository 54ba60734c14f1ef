import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

import { describe, expect, it } from "vitest"

import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import type { Failure, Phase } from "@kysely-resilient/driver/src/failure/failure.ts"
import { sent } from "./support.ts"

type Case = readonly [message: string, phase: Phase, wasSent: boolean, expected: Partial<Failure>]

const rows: readonly Case[] = [
  [
    "timeout exceeded when trying to connect",
    "acquire",
    false,
    { kind: "pool_timeout", retry: "statement", pace: "slow", effect: "not_applied", blame: "client" },
  ],
  [
    "Connection terminated due to connection timeout",
    "connect",
    false,
    {
      kind: "connection_failed",
      retry: "statement",
      connection: "discard",
      heal: "find_primary",
      effect: "not_applied",
    },
  ],
  [
    "timeout expired",
    "connect",
    false,
    {
      kind: "connection_failed",
      retry: "statement",
      connection: "discard",
      heal: "find_primary",
      effect: "not_applied",
    },
  ],
  ["Cannot use a pool after calling end on the pool", "acquire", false, { kind: "pool_closed", retry: "never" }],
  ["Called end on pool more than once", "acquire", false, { kind: "pool_closed", retry: "never" }],
  [
    "Client has already been connected. You cannot reuse a client.",
    "connect",
    false,
    { kind: "client_error", retry: "never", effect: "not_applied" },
  ],
  [
    // It looks sent from where we stand, but pg never sent it.
    "Client has encountered a connection error and is not queryable",
    "write",
    true,
    { kind: "connection_failed", retry: "statement", connection: "discard", effect: "not_applied" },
  ],
  [
    "Client was closed and is not queryable",
    "write",
    true,
    { kind: "connection_failed", retry: "statement", connection: "discard", effect: "not_applied", blame: "client" },
  ],
  [
    "Connection terminated unexpectedly",
    "write",
    true,
    { kind: "connection_failed", retry: "statement", connection: "discard", effect: "unknown", blame: "server" },
  ],
  [
    "Connection terminated unexpectedly",
    "transaction",
    true,
    { kind: "connection_failed", retry: "transaction", connection: "discard", effect: "not_applied" },
  ],
  [
    "Connection terminated",
    "commit",
    true,
    { kind: "connection_failed", retry: "transaction", connection: "discard", effect: "unknown", blame: "client" },
  ],
  [
    "Query read timeout",
    "write",
    true,
    { kind: "deadline_exceeded", retry: "statement", connection: "discard", effect: "unknown" },
  ],
  [
    "Release called on client which has already been released to the pool.",
    "idle",
    false,
    { kind: "client_error", retry: "never", connection: "keep" },
  ],
  [
    "Received unexpected commandComplete message from backend.",
    "write",
    true,
    { kind: "protocol_violation", retry: "statement", connection: "discard", effect: "unknown" },
  ],
  ["Query values must be an array", "write", false, { kind: "encode_failed", retry: "never", connection: "keep" }],
  [
    "A query must have either text or a name. Supplying neither is unsupported.",
    "write",
    false,
    { kind: "encode_failed", retry: "never", connection: "keep", effect: "not_applied" },
  ],
  [
    "Prepared statements must be unique - 'a' was used for a different statement",
    "write",
    false,
    { kind: "encode_failed", retry: "never", connection: "keep", effect: "not_applied" },
  ],
  [
    'circular reference detected while preparing "[object Object]" for query',
    "write",
    false,
    { kind: "encode_failed", retry: "never", connection: "keep", effect: "not_applied" },
  ],
  [
    "The server does not support SSL connections",
    "connect",
    false,
    { kind: "configuration", origin: "tls", retry: "never", connection: "discard", effect: "not_applied" },
  ],
  [
    "There was an error establishing an SSL connection",
    "connect",
    false,
    {
      kind: "connection_failed",
      origin: "tls",
      retry: "statement",
      retriesMax: 1,
      pace: "slow",
      effect: "not_applied",
    },
  ],
  [
    "SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string",
    "connect",
    false,
    { kind: "authentication_failed", retry: "never", connection: "discard", effect: "not_applied" },
  ],
  [
    "Password must be a string",
    "connect",
    false,
    { kind: "authentication_failed", retry: "statement", retriesMax: 1, pace: "slow", heal: "new_credentials" },
  ],
  ["unexpected condition", "acquire", false, { kind: "client_error", retry: "never", connection: "discard" }],
  [
    "Custom query classes such as pg-cursor and pg-query-stream are not supported in pipeline mode",
    "write",
    false,
    { kind: "client_error", retry: "never", connection: "discard", effect: "not_applied" },
  ],
]

describe("what pg and pg-pool throw", () => {
  it.each(rows)("%s (%s)", (message, phase, wasSent, expected) => {
    expect(classify(new Error(message), sent(phase, { sent: wasSent }))).toMatchObject(expected)
  })

  it("a TypeError before anything was sent is about the values", () => {
    expect(
      classify(new TypeError("Do not know how to serialize a BigInt"), sent("write", { sent: false })),
    ).toMatchObject({
      kind: "encode_failed",
      connection: "keep",
      retry: "never",
      effect: "not_applied",
    })
  })

  it("a TypeError afterwards is a bug, and says nothing of what the server did", () => {
    expect(classify(new TypeError("x is not a function"), sent("write"))).toMatchObject({
      kind: "client_error",
      connection: "discard",
      retry: "never",
      effect: "unknown",
    })
  })

  it("reads the cause of a text before the text", () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED ::1:5432"), {
      code: "ECONNREFUSED",
      syscall: "connect",
    })
    const thrown = new Error("Connection terminated due to connection timeout", { cause })
    expect(classify(thrown, sent("connect", { sent: false }))).toMatchObject({
      errno: "ECONNREFUSED",
      origin: "socket",
    })
  })
})

describe("what pg-protocol makes of bytes that are no message", () => {
  it("an unknown message type ends the connection", () => {
    const thrown = Object.assign(new Error("received invalid response: 48"), { name: "error", length: 1213486160 })
    expect(classify(thrown, sent("write"))).toMatchObject({
      kind: "protocol_violation",
      origin: "driver",
      connection: "discard",
      effect: "unknown",
    })
  })

  it("a length that is none ends the connection", () => {
    const thrown = Object.assign(new RangeError('The value of "offset" is out of range'), { code: "ERR_OUT_OF_RANGE" })
    expect(classify(thrown, sent("commit"))).toMatchObject({
      kind: "protocol_violation",
      connection: "discard",
      retry: "transaction",
      effect: "unknown",
    })
  })
})

describe("the texts", () => {
  const require = createRequire(new URL("../../../../packages/driver/package.json", import.meta.url))
  const ofPg = (file: string): string =>
    readFileSync(join(dirname(require.resolve("pg/package.json")), "lib", file), "utf8")

  it.each([
    ["client.js", "timeout expired"],
    ["client.js", "Connection terminated unexpectedly"],
    ["client.js", "Client has already been connected. You cannot reuse a client."],
    ["client.js", "Client has encountered a connection error and is not queryable"],
    ["client.js", "Client was closed and is not queryable"],
    ["client.js", "Query read timeout"],
    ["client.js", "Password must be a string"],
    ["client.js", "Received unexpected dataRow message from backend."],
    ["client.js", "not supported in pipeline mode"],
    ["connection.js", "The server does not support SSL connections"],
    ["connection.js", "There was an error establishing an SSL connection"],
    ["query.js", "Query values must be an array"],
    ["query.js", "A query must have either text or a name. Supplying neither is unsupported."],
    ["utils.js", "circular reference detected while preparing"],
    ["crypto/sasl.js", "SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"],
  ])("%s of the installed pg still says %s", (file, text) => {
    expect(ofPg(file)).toContain(text)
  })
})

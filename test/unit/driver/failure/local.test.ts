import { describe, expect, it } from "vitest"

import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import { untouched } from "@kysely-resilient/driver/src/failure/effect.ts"
import {
  abandoned,
  commitWithoutTransaction,
  connectTimeout,
  decodeFailed,
  encodeFailed,
  passwordFailed,
  refused,
  replicationUnconfirmed,
  transactionAborted,
  transactionTimeout,
} from "@kysely-resilient/driver/src/failure/local.ts"
import { sent, serverError } from "./support.ts"

describe("what we gave up", () => {
  it("at a deadline says how long it was and what it was doing", () => {
    expect(abandoned("deadline", sent("commit"), { limitMs: 2_000 })).toEqual({
      kind: "deadline_exceeded",
      blame: "statement",
      retry: "never",
      pace: "quick",
      connection: "discard",
      effect: "unknown",
      origin: "client",
      phase: "commit",
      message: "The deadline of 2000 ms passed while COMMIT was under way. Raise it, or make the statement faster.",
    })
  })

  it("before anything was sent changed nothing and harmed no connection", () => {
    expect(abandoned("deadline", untouched("acquire"), { limitMs: 5 })).toMatchObject({
      blame: "client",
      connection: "keep",
      effect: "not_applied",
      message: "The deadline of 5 ms passed while waiting for a connection. Raise it, or pool.max.",
    })
  })

  it("by an abort keeps the signal's reason", () => {
    const reason = new Error("the user left")
    const failure = abandoned("abort", sent("transaction"), { cause: reason })
    expect(failure).toMatchObject({
      kind: "aborted",
      blame: "client",
      retry: "never",
      effect: "not_applied",
      cause: reason,
    })
  })

  it("at close says how to be gentler", () => {
    expect(abandoned("close", sent("write"))).toMatchObject({ kind: "pool_closed", effect: "unknown" })
    expect(abandoned("close", sent("write")).message).toContain("drainMs")
  })
})

describe("what we refuse", () => {
  it("never reached the server and keeps the connection", () => {
    for (const failure of [refused({ why: "No." }), encodeFailed({ why: "Parameter $2 holds a NUL." })]) {
      expect(failure).toMatchObject({ retry: "never", connection: "keep", effect: "not_applied", blame: "client" })
    }
    expect(encodeFailed({ why: "Parameter $2 holds a NUL.", cause: 7 })).toMatchObject({
      kind: "encode_failed",
      cause: 7,
    })
  })
})

describe("what we cannot read", () => {
  const column = { column: "price", type: "numeric" }

  it("was done by the server all the same", () => {
    const done = sent("write", { completed: true, ready: true })
    expect(decodeFailed({ ...column, evidence: done })).toMatchObject({
      kind: "decode_failed",
      retry: "never",
      connection: "keep",
      effect: "applied",
      column: "price",
      dataType: "numeric",
      message: 'Column "price" of type numeric could not be decoded. Check the parser for this type.',
    })
  })

  it("changes nothing if it was read, or before its transaction is committed", () => {
    const read = sent("read", { readOnly: true, completed: true, ready: true })
    expect(decodeFailed({ ...column, evidence: read }).effect).toBe("not_applied")
    expect(decodeFailed({ ...column, evidence: sent("transaction", { completed: true }) }).effect).toBe("not_applied")
  })
})

describe("a COMMIT that was answered ROLLBACK", () => {
  const evidence = sent("commit", { commitTag: "ROLLBACK", completed: true, ready: true })

  it("helps to be tried again if its first failure does", () => {
    const first = classify(serverError("40001"), sent("transaction"))
    expect(transactionAborted({ first, evidence })).toMatchObject({
      kind: "transaction_aborted",
      retry: "transaction",
      effect: "not_applied",
      connection: "keep",
      cause: first.cause,
    })
  })

  it("names the failure that was the first", () => {
    const first = classify(serverError("22012", { message: "division by zero" }), sent("transaction"))
    const failure = transactionAborted({ first, evidence })
    expect(failure).toMatchObject({ retry: "never", effect: "not_applied" })
    expect(failure.message).toBe("The transaction was rolled back, because a statement had failed: division by zero.")
  })

  it("says so if nobody knows the first", () => {
    expect(transactionAborted({ evidence }).message).toBe(
      "The transaction was rolled back, because an earlier statement of it had failed.",
    )
  })
})

describe("a COMMIT that succeeded", () => {
  const evidence = sent("commit", { commitTag: "COMMIT", completed: true, ready: true })

  it("in a session without a transaction says nothing about ours", () => {
    expect(commitWithoutTransaction(evidence)).toMatchObject({
      kind: "invalid_transaction_state",
      retry: "never",
      connection: "discard",
      effect: "unknown",
    })
  })

  it("without its standby is applied here only, and keeps its connection", () => {
    expect(replicationUnconfirmed(evidence)).toMatchObject({
      kind: "replication_unconfirmed",
      retry: "never",
      connection: "keep",
      effect: "applied_locally",
    })
  })
})

it("a transaction past its deadline is undone", () => {
  expect(transactionTimeout({ limitMs: 100, evidence: untouched("transaction") })).toMatchObject({
    kind: "transaction_timeout",
    retry: "never",
    connection: "repair",
    effect: "not_applied",
    message: expect.stringContaining("100 ms"),
  })
})

it("a connection that is not ready in time is the server's failure", () => {
  expect(connectTimeout({ limitMs: 5_000 })).toMatchObject({
    kind: "connection_failed",
    origin: "socket",
    blame: "server",
    retry: "statement",
    pace: "slow",
    connection: "discard",
    effect: "not_applied",
    message: expect.stringContaining("5000 ms"),
  })
})

it("a password function that fails is asked once more, and the server is not blamed", () => {
  const cause = new Error("the vault is sealed")
  expect(passwordFailed(cause)).toMatchObject({
    kind: "authentication_failed",
    heal: "new_credentials",
    blame: "client",
    retry: "statement",
    retriesMax: 1,
    pace: "slow",
    connection: "discard",
    effect: "not_applied",
    cause,
  })
})

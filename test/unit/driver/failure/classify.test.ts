import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import { untouched } from "@kysely-resilient/driver/src/failure/effect.ts"
import type { Phase } from "@kysely-resilient/driver/src/failure/failure.ts"
import { layersOf } from "@kysely-resilient/driver/src/failure/layers.ts"
import { fatal, poolerError, sent, serverError, systemError } from "./support.ts"

describe("a procedure that commits and then raises 40001", () => {
  const thrown = serverError("40001", { routine: "exec_stmt_raise" })

  it("may have been applied, and is never repeated", () => {
    const failure = classify(thrown, sent("write", { selfCommitting: "outside-transaction", ready: true }))
    expect(failure).toMatchObject({ kind: "serialization_failure", effect: "unknown", retry: "never" })
  })

  it("is like any other statement inside a transaction, where it cannot commit", () => {
    const failure = classify(thrown, sent("transaction", { selfCommitting: "outside-transaction", ready: true }))
    expect(failure).toMatchObject({ effect: "not_applied", retry: "transaction" })
  })

  it("may be sent again if it never reached the server", () => {
    const evidence = { ...untouched("write"), selfCommitting: "outside-transaction" } as const
    expect(classify(systemError("EPIPE", "write"), evidence)).toMatchObject({
      effect: "not_applied",
      retry: "statement",
    })
    const kept = sent("write", { selfCommitting: "outside-transaction" })
    expect(classify(poolerError("query_wait_timeout"), kept)).toMatchObject({
      effect: "not_applied",
      retry: "statement",
    })
  })
})

describe("what is done", () => {
  it("is not repeated because its answer was cut short", () => {
    const committed = sent("commit", { commitTag: "COMMIT" })
    expect(classify(systemError("ECONNRESET", "read"), committed)).toMatchObject({ effect: "applied", retry: "never" })
  })

  it("is not repeated because the standby did not confirm it", () => {
    const waiting = sent("commit", { syncRepWait: true })
    expect(classify(new Error("Connection terminated unexpectedly"), waiting)).toMatchObject({
      kind: "server_shutdown",
      effect: "applied_locally",
      retry: "never",
      connection: "discard_generation",
    })
  })
})

describe("a crash elsewhere in the server", () => {
  it("explains the connection that ends after its notice", () => {
    const evidence = sent("transaction", { quickdie: true })
    expect(classify(new Error("Connection terminated unexpectedly"), evidence)).toMatchObject({
      kind: "server_crashed",
      connection: "discard_generation",
      retry: "transaction",
      pace: "slow",
      effect: "not_applied",
    })
  })
})

describe("what we gave up", () => {
  it.each([
    ["the socket, closed by us", new Error("Connection terminated"), "unknown"],
    ["the socket, closed by us with a reason", new Error("The server did not stop the statement in time"), "unknown"],
    ["the backend, terminated by us", fatal("57P01"), "not_applied"],
  ] as const)("ends with %s, for the reason that we had", (_, thrown, effect) => {
    const failure = classify(thrown, sent("write", { abandoned: "deadline", deadlineMs: 250 }))
    expect(failure).toMatchObject({ kind: "deadline_exceeded", retry: "never", connection: "discard", effect })
    expect(failure.message).toContain("250 ms")
  })

  it("may have failed of its own before we did", () => {
    const failure = classify(serverError("23505"), sent("write", { abandoned: "abort" }))
    expect(failure).toMatchObject({ kind: "unique_violation", effect: "not_applied" })
  })

  it("lets nobody blame the server for a slow statement, but does for a connection that never came up", () => {
    const cut = new Error("Connection terminated")
    expect(classify(cut, sent("write", { abandoned: "deadline" })).blame).toBe("statement")
    expect(classify(cut, sent("connect", { abandoned: "deadline" })).blame).toBe("server")
  })
})

describe("the generation", () => {
  it("is not blamed for a connection that did not come up", () => {
    expect(classify(fatal("57P02"), sent("connect")).connection).toBe("discard")
    expect(classify(systemError("ETIMEDOUT"), sent("connect")).connection).toBe("discard")
  })

  it("is not reset for one administrator's pg_terminate_backend", () => {
    expect(classify(fatal("57P01"), sent("write")).connection).toBe("discard")
  })
})

describe("of several things that were thrown together", () => {
  it("PostgreSQL's word counts before the socket's", () => {
    const thrown = Object.assign(systemError("ECONNRESET", "read"), { cause: fatal("57P01") })
    expect(classify(thrown, sent("write"))).toMatchObject({
      kind: "server_shutdown",
      sqlState: "57P01",
      origin: "server",
    })
  })

  it("a code counts before a text", () => {
    const thrown = new Error("Connection terminated unexpectedly", { cause: systemError("EPIPE", "write") })
    expect(classify(thrown, sent("write"))).toMatchObject({ errno: "EPIPE" })
  })

  it("the outer server error counts before its cause", () => {
    const thrown = Object.assign(serverError("23505"), { cause: fatal("57P01") })
    expect(classify(thrown, sent("write")).kind).toBe("unique_violation")
  })

  it("ends with a chain that has no end", () => {
    const first: Error & { cause?: unknown } = new Error("a")
    first.cause = new Error("b", { cause: first })
    expect(classify(first, sent("write")).kind).toBe("connection_failed")
    expect(layersOf(first)).toHaveLength(2)
  })

  it("reads a bounded part of a chain that never repeats", () => {
    let depth = 0
    const deeper = (): object => ({
      get cause() {
        depth += 1
        return deeper()
      },
    })
    layersOf(deeper())
    expect(depth).toBeLessThan(100)
  })
})

describe("the fields of a server's error", () => {
  it("are carried over, its detail is not", () => {
    const thrown = serverError("23505", {
      message: 'duplicate key value violates unique constraint "users_email_key"',
      detail: "Key (email)=(ann@x.org) already exists.",
      schema: "public",
      table: "users",
      constraint: "users_email_key",
      routine: "_bt_check_unique",
    })
    const { cause, ...failure } = classify(thrown, sent("write"))
    expect(failure).toEqual({
      kind: "unique_violation",
      blame: "statement",
      retry: "never",
      pace: "quick",
      connection: "repair",
      effect: "not_applied",
      origin: "server",
      phase: "write",
      message: 'duplicate key value violates unique constraint "users_email_key".',
      sqlState: "23505",
      severity: "ERROR",
      routine: "_bt_check_unique",
      schema: "public",
      table: "users",
      constraint: "users_email_key",
    })
    expect(cause).toBe(thrown)
  })

  it("do not include an errno, nor a system's error a SQLSTATE of five letters", () => {
    expect(classify(systemError("EPIPE", "write"), sent("write"))).not.toHaveProperty("sqlState")
    expect(classify(serverError("23505"), sent("write"))).not.toHaveProperty("errno")
  })
})

const phases: readonly Phase[] = ["acquire", "connect", "read", "write", "transaction", "commit", "rollback", "idle"]

describe("whatever is thrown", () => {
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no")
      },
    },
  )
  const revoked = Proxy.revocable([], {})
  revoked.revoke()

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 42],
    ["a string", "boom"],
    ["a symbol", Symbol("boom")],
    ["a function", () => {}],
    ["an object without a prototype", Object.create(null)],
    ["a frozen error", Object.freeze(new Error("ice"))],
    ["a proxy that throws", hostile],
    ["a revoked proxy", revoked.proxy],
    ["an error with a proxy as its cause", new Error("outer", { cause: hostile })],
    ["an error with a revoked list of errors", Object.assign(new Error("outer"), { errors: revoked.proxy })],
    [
      "an error whose fields are of the wrong kind",
      Object.assign(new Error("odd"), { code: 7, severity: {}, errors: 3 }),
    ],
  ])("%s becomes a failure", (_, thrown) => {
    for (const phase of phases) {
      const failure = classify(thrown, sent(phase))
      expect(failure.phase).toBe(phase)
      expect(failure.message.length).toBeGreaterThan(10)
      expect(failure.cause).toBe(thrown)
    }
  })

  const anything = fc.anything({ withNullPrototype: true, withSparseArray: true, withBigInt: true, withDate: true })
  // Nothing that fast-check makes up is one of the texts that pg has for "never sent".
  const madeUp = fc.oneof(
    anything,
    fc.record({ message: fc.string(), cause: anything, errors: fc.array(anything), code: fc.string() }),
  )

  it("never vouches for an autocommit write, or a COMMIT, whose answer is missing", () => {
    fc.assert(
      fc.property(madeUp, fc.constantFrom("write" as const, "commit" as const), (thrown, phase) => {
        expect(classify(thrown, sent(phase)).effect).toBe("unknown")
      }),
      { numRuns: 500 },
    )
  })

  it("never doubts that a transaction without COMMIT is undone, or that what was never sent did nothing", () => {
    fc.assert(
      fc.property(madeUp, fc.constantFrom(...phases), (thrown, phase) => {
        expect(classify(thrown, sent("transaction")).effect).toBe("not_applied")
        expect(classify(thrown, untouched(phase)).effect).toBe("not_applied")
      }),
      { numRuns: 500 },
    )
  })

  it("believes only ERROR and FATAL, and those only of a server that signs", () => {
    const field = fc.option(fc.constantFrom("x.c", "ExecInsert"), { nil: undefined })
    const error = fc.record({
      name: fc.constant("error"),
      message: fc.stringMatching(/^[a-z ]{5,20}$/),
      severity: fc.constantFrom("ERROR", "FATAL", "PANIC", "WARNING", "FEHLER", "BUG"),
      // Not those that say that they do not know, nor those of a login, which comes before any statement.
      code: fc.stringMatching(/^[12A-Z][0-9A-Z]{4}$/).filter((code) => !code.startsWith("28")),
      file: field,
      routine: field,
    })
    fc.assert(
      fc.property(error, (thrown) => {
        const { effect, origin } = classify(thrown, sent("write"))
        const signed = thrown.file !== undefined || thrown.routine !== undefined
        const believed = signed && ["ERROR", "FATAL", "FEHLER"].includes(thrown.severity)
        expect(origin).toBe(signed ? "server" : "pooler")
        expect(effect).toBe(believed ? "not_applied" : "unknown")
      }),
      { numRuns: 500 },
    )
  })
})

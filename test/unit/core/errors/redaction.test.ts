import { DatabaseError, isDatabaseError, unsafeDriverError } from "@kysely-resilient/core"
import { localFailure } from "@kysely-resilient/core/src/errors/local-failure.ts"
import { toDatabaseError, type ErrorContext } from "@kysely-resilient/core/src/errors/to-database-error.ts"
import type { Failure, FailureKind } from "@kysely-resilient/driver"
import { inspect } from "node:util"
import { ok, type Result } from "neverthrow"
import { describe, expect, it } from "vitest"

import { errorOf } from "../../../support/results.ts"
import { scripted } from "../../../support/scripted-database.ts"
import { failure } from "../../../support/scripted-engine.ts"

const SECRET = "ann@secret.example"

/** What PostgreSQL's error carries, every text of it quoting the row. */
const stuffed = (fields: Record<string, unknown> = {}): Error =>
  Object.assign(new Error(`Key (email)=(${SECRET}) already exists.`), {
    detail: `Failing row contains (1, ${SECRET}).`,
    hint: SECRET,
    where: `PL/pgSQL function f("${SECRET}")`,
    internalQuery: `select '${SECRET}'`,
    parameters: [SECRET],
    cause: new Error(SECRET),
    ...fields,
  })

const context: ErrorContext = {
  detail: "redact",
  attempts: 2,
  because: "attempts-spent",
  query: { sql: "insert into users (email) values ($1)", name: "users.add", parameterCount: 1 },
}

/** Everything that somebody who prints, logs, walks or serialises an error can see. */
function everythingSeen(error: Error): string {
  const walked: unknown[] = []
  for (const key in error) walked.push(Reflect.get(error, key))
  return [
    error.message,
    String(error),
    error.stack,
    JSON.stringify(error),
    JSON.stringify({ ...error }),
    JSON.stringify(walked),
    inspect(error, { depth: 10 }),
    inspect(error, { depth: 10, showHidden: true, getters: true }),
    inspect(error.cause),
    JSON.stringify(structuredClone(Object.fromEntries(Object.entries(error)))),
  ].join("\n")
}

const KINDS: readonly FailureKind[] = [
  "unique_violation",
  "foreign_key_violation",
  "check_violation",
  "not_null_violation",
  "exclusion_violation",
  "integrity_constraint_violation",
  "serialization_failure",
  "deadlock_detected",
  "lock_not_available",
  "object_in_use",
  "transaction_aborted",
  "statement_timeout",
  "lock_timeout",
  "query_canceled",
  "transaction_timeout",
  "idle_in_transaction_timeout",
  "deadline_exceeded",
  "aborted",
  "pool_timeout",
  "pool_full",
  "connection_failed",
  "server_shutdown",
  "server_starting",
  "server_crashed",
  "too_many_connections",
  "resource_exhausted",
  "pooler_unavailable",
  "pool_closed",
  "replication_unconfirmed",
  "data_exception",
  "insufficient_privilege",
  "authentication_failed",
  "read_only_transaction",
  "invalid_statement",
  "invalid_transaction_state",
  "raised_exception",
  "encode_failed",
  "refused",
  "configuration",
  "decode_failed",
  "prepared_statement_missing",
  "prepared_statement_exists",
  "cached_plan_changed",
  "cursor_missing",
  "protocol_violation",
  "data_corrupted",
  "server_error",
  "client_error",
]

describe("an error", () => {
  it.each(KINDS)("%s shows no data that the server's words quote", (kind) => {
    const error = toDatabaseError(
      failure(kind, { message: `about ${SECRET}`, cause: stuffed(), sqlState: "22P02" }),
      context,
    )
    expect(everythingSeen(error)).not.toContain(SECRET)
    expect(error).toMatchObject({ kind, _tag: kind, name: "DatabaseError", attempts: 2, because: "attempts-spent" })
    expect(error.message).toMatch(new RegExp(`^${kind}: .*\\(SQLSTATE 22P02, query "users.add"\\)`))
  })

  it.each([
    ["42P01", { position: "15" }],
    ["42703", {}],
    ["42704", { where: undefined, internalQuery: undefined }],
    ["40001", {}],
    ["42601", { position: "1", where: `function ${SECRET}` }],
  ])("of SQLSTATE %s is not trusted where it may speak of a value: %j", (sqlState, fields) => {
    const cause = stuffed({ where: undefined, internalQuery: undefined, ...fields })
    // By a function's own dynamic statement, by a cast of a parameter, or by RAISE.
    const raised = sqlState === "40001" || sqlState === "42P01" ? { routine: "exec_stmt_raise" } : {}
    const error = toDatabaseError(
      failure("invalid_statement", { message: SECRET, sqlState, cause, ...raised }),
      context,
    )
    expect(everythingSeen(error)).not.toContain(SECRET)
  })

  it.each(["encode_failed", "decode_failed", "client_error", "protocol_violation", "configuration"] as const)(
    "%s of this side is in our own words if something was thrown, since that may be in the message",
    (kind) => {
      for (const origin of ["client", "driver", "socket", "dns", "tls", "pooler"] as const) {
        const error = toDatabaseError(failure(kind, { origin, message: SECRET, cause: stuffed() }), context)
        expect(everythingSeen(error)).not.toContain(SECRET)
      }
    },
  )

  it("shows the server's words where they name things of the statement's own text", () => {
    const cause = Object.assign(new Error(), { position: "8" })
    const message = 'column "emial" does not exist'
    const error = toDatabaseError(failure("invalid_statement", { message, sqlState: "42703", cause }), context)
    expect(error.message).toBe(`invalid_statement: ${message} (SQLSTATE 42703, query "users.add")`)
  })

  it.each([
    ["alter table userz add column x int", 'relation "userz" does not exist', "42P01"],
    ['alter table "Shop"."Users" drop column emial', 'column "emial" of relation "Users" does not exist', "42703"],
    ["DROP TABLE Userz", 'table "userz" does not exist', "42P01"],
    ["create index on app.userz (id)", 'relation "app.userz" does not exist', "42P01"],
  ])("names what a command did not find: %s", (sql, message, sqlState) => {
    const error = toDatabaseError(failure("invalid_statement", { message, sqlState, cause: new Error(message) }), {
      ...context,
      query: { sql, name: undefined, parameterCount: 0 },
    })
    expect(error.message).toBe(`invalid_statement: ${message} (SQLSTATE ${sqlState})`)
  })

  it.each([
    ["a value that a query made a name of", `select name::regclass from ann`],
    ["a name that is not in the text", `create table t as select name::regclass from users`],
    ["a name of a literal", `create table ann as select 'ann'::regclass`],
    ["a name of a comment", `drop table t -- ann`],
    ["a parameter", `create table ann as select $1::regclass`],
  ])("names nothing where it may be %s", (_, sql) => {
    const message = 'relation "ann" does not exist'
    const error = toDatabaseError(
      failure("invalid_statement", { message, sqlState: "42P01", cause: new Error(message) }),
      { ...context, query: { sql, name: undefined, parameterCount: 0 } },
    )
    expect(error.message).toBe(
      "invalid_statement: PostgreSQL cannot make sense of the statement: undefined table (SQLSTATE 42P01)",
    )
  })

  it("says what PostgreSQL's condition is, where its words may quote a value", () => {
    const told = (kind: FailureKind, facts: Partial<Failure>) =>
      toDatabaseError(failure(kind, { cause: stuffed(), ...facts }), { ...context, query: undefined }).message
    expect(told("data_exception", { sqlState: "22012" })).toBe(
      "data_exception: A value does not fit its type or its function: division by zero (SQLSTATE 22012)",
    )
    expect(told("data_exception", { sqlState: "22000" })).toBe(
      "data_exception: A value does not fit its type or its function (SQLSTATE 22000)",
    )
  })

  it("says where to look if it cannot be connected, and names no database and no host", () => {
    const told = (facts: Partial<Failure>, kind: FailureKind = "configuration") =>
      toDatabaseError(failure(kind, { cause: stuffed(), phase: "connect", message: SECRET, ...facts }), context).message
    expect(told({ sqlState: "3D000" })).toMatch(/no database of this name: .*DATABASE_URL.*unsafeDriverError\(error\)/)
    expect(told({ origin: "dns", errno: "ENOTFOUND" })).toMatch(/no host of this name: .*PGHOST.*\(ENOTFOUND/)
    expect(told({ origin: "tls", errno: "CERT_HAS_EXPIRED" })).toMatch(
      /sslmode and the certificates \(CERT_HAS_EXPIRED/,
    )
    expect(told({ sqlState: "28P01" }, "authentication_failed")).toMatch(/user or the password: .*PGPASSWORD/)
  })

  it("takes no name from RAISE that is none", () => {
    const facts = { constraint: `${SECRET} is taken`, table: "users; --", column: "email", routine: "exec_stmt_raise" }
    const error = toDatabaseError(failure("unique_violation", { ...facts, sqlState: "23505" }), context)
    expect(everythingSeen(error)).not.toContain(SECRET)
    expect(error).toMatchObject({ constraint: null, table: null, columns: ["email"] })
  })

  it("names constraint, table and column, which are no data", () => {
    const facts = { constraint: "users_email_key", table: "users", sqlState: "23505", cause: stuffed() }
    const error = toDatabaseError(failure("unique_violation", facts), context)
    expect(error.message).toContain('the unique constraint "users_email_key" of table "users"')
    expect(error).toMatchObject({ constraint: "users_email_key", table: "users", columns: [] })
    const missing = toDatabaseError(failure("not_null_violation", { column: "name", table: "users" }), context)
    expect(missing).toMatchObject({ constraint: null, table: "users", columns: ["name"] })
  })

  it("does not show an address or a user of the connection string", () => {
    const facts: Partial<Failure> = {
      origin: "socket",
      phase: "connect",
      errno: "ECONNREFUSED",
      message: "connect ECONNREFUSED db.internal:5432",
    }
    const error = toDatabaseError(failure("connection_failed", facts), context)
    expect(everythingSeen(error)).not.toContain("db.internal")
    expect(error.message).toContain("could not be reached (ECONNREFUSED")
  })

  it("says so when nobody knows whether it was applied", () => {
    const error = toDatabaseError(failure("connection_failed", { effect: "unknown" }), context)
    expect(error.message).toMatch(/It is not known whether the database has applied it$/)
  })

  it("keeps what was received for whoever asks for it by name", () => {
    const cause = stuffed()
    const error = toDatabaseError(failure("unique_violation", { cause }), context)
    expect(unsafeDriverError(error)).toBe(cause)
    expect(error.cause).toBeUndefined()
    expect(unsafeDriverError(new Error("somebody else's"))).toBeUndefined()
  })

  it("does not show what would have been answered", () => {
    const error = toDatabaseError(failure("replication_unconfirmed", { effect: "applied_locally" }), {
      ...context,
      value: [{ email: SECRET }],
    })
    // `showHidden` is asked for by nobody who does not want hidden things.
    expect([error.stack, JSON.stringify(error), inspect(error), JSON.stringify({ ...error })].join("\n")).not.toContain(
      SECRET,
    )
    expect(error.value).toEqual([{ email: SECRET }])
  })

  it("tells all with detail: include", () => {
    const cause = stuffed()
    const error = toDatabaseError(
      failure("data_exception", { message: `bad value "${SECRET}"`, cause, sqlState: "22P02" }),
      { ...context, detail: "include" },
    )
    expect(error.message).toContain(SECRET)
    expect(error.cause).toBe(cause)
    expect(Object.keys(error)).not.toContain("cause")
  })

  it("has a JSON form that says what it is", () => {
    const error = toDatabaseError(
      failure("unique_violation", { constraint: "users_email_key", table: "users", sqlState: "23505" }),
      context,
    )
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({
      error: {
        name: "DatabaseError",
        message: error.message,
        kind: "unique_violation",
        category: "constraint",
        retry: "never",
        effect: "not_applied",
        attempts: 2,
        because: "attempts-spent",
        sqlState: "23505",
        constraint: "users_email_key",
        constraintName: "users_email_key",
        table: "users",
        columns: [],
        query: { sql: "insert into users (email) values ($1)", name: "users.add", parameterCount: 1 },
      },
    })
  })

  it("is known as one of ours, and nothing else is", () => {
    const error = toDatabaseError(localFailure("no_row", ""), context)
    expect(isDatabaseError(error)).toBe(true)
    expect(error).toBeInstanceOf(DatabaseError)
    expect(error).toBeInstanceOf(Error)
    const hostile = new Proxy(
      {},
      {
        has: () => {
          throw new Error("no")
        },
      },
    )
    for (const other of [new Error("x"), undefined, null, "DatabaseError", { kind: "no_row" }, hostile]) {
      expect(isDatabaseError(other)).toBe(false)
      expect(other instanceof DatabaseError).toBe(false)
    }
  })
})

describe("an operation's error", () => {
  it("holds no parameter, in whatever way it is looked at", async () => {
    const { db } = scripted({
      statement: () => ({ fails: failure("unique_violation", { cause: stuffed(), message: SECRET }) }),
    })
    const insert = db.insertInto("users").values({ email: SECRET, first_name: SECRET })
    const batched = await db.batch({ insert })
    const inTransaction = await db.transaction(async (tx) => {
      errorOf(await tx.exec(insert))
      return (await tx.exec(insert)).map(() => ({}))
    })
    for (const result of [await db.exec(insert), await db.query("select $1", [SECRET]), batched, inTransaction]) {
      expect(everythingSeen(errorOf(result))).not.toContain(SECRET)
    }
  })

  it("holds nothing of what a callback threw", async () => {
    const { db } = scripted()
    const error = errorOf(await db.transaction(() => Promise.reject(new Error(SECRET))))
    expect(everythingSeen(error)).not.toContain(SECRET)
    expect(error.message).toMatch(/it was rolled back; unsafeDriverError\(error\) gives what it threw$/)
  })

  it("says where it was called, if that is wanted", async () => {
    const script = { statement: () => ({ fails: failure("unique_violation") }) }
    const wanted = scripted(script, { errors: { callSite: true } })
    const query = wanted.db.selectFrom("users").selectAll()
    const results: readonly Result<unknown, DatabaseError>[] = [
      await wanted.db.all(query),
      await query.$call(wanted.db.one),
      await wanted.db.batch({ query }),
      await wanted.db.withAdvisoryLock("key", () => Promise.resolve(ok(1))),
      await wanted.db.withAdvisoryLock("key", () => Promise.resolve(ok(1)), { wait: false }),
    ]
    for (const result of results) {
      const error = errorOf(result)
      expect(error.callSite).toMatch(/redaction\.test\.ts:\d+:\d+/)
      expect(error.stack).toContain("redaction.test.ts")
      expect(error.stack).not.toContain("core/src/query/advisory-lock.ts")
      expect(error.stack?.startsWith(`DatabaseError: ${error.message}`)).toBe(true)
    }
    const unwanted = scripted(script, { errors: { callSite: false } })
    expect(errorOf(await unwanted.db.all(query)).callSite).toBeUndefined()
  })
})

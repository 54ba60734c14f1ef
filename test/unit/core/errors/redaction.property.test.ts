import { attempt, isDatabaseError, type DatabaseError } from "@kysely-resilient/core"
import { describe as tell } from "@kysely-resilient/core/src/errors/describe.ts"
import { toProblem } from "@kysely-resilient/core/src/errors/problem.ts"
import { toDatabaseError } from "@kysely-resilient/core/src/errors/to-database-error.ts"
import type { DriverEvent, Phase } from "@kysely-resilient/driver"
import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import { untouched } from "@kysely-resilient/driver/src/failure/effect.ts"
import { SQLSTATE_CLASSES, SQLSTATES } from "@kysely-resilient/driver/src/failure/sqlstate.ts"
import { logLine } from "@kysely-resilient/driver/src/telemetry/log-line.ts"
import * as fc from "fast-check"
import { ok } from "neverthrow"
import { describe, expect, it } from "vitest"

import { everythingSeen } from "../../../support/everything-seen.ts"
import { errorOf } from "../../../support/results.ts"
import { scripted } from "../../../support/scripted-database.ts"

/** In whatever data it stands, it must not come out. */
const CANARY = "C4N4RY"

function seenOf(error: DatabaseError): string {
  return [everythingSeen(error), tell(error), JSON.stringify(toProblem(error))].join("\n")
}

const code = fc.oneof(
  fc.constantFrom(...SQLSTATES),
  fc.constantFrom(...SQLSTATE_CLASSES.flatMap((two) => [`${two}000`, `${two}ZZZ`, `${two}P01`])),
  fc.stringMatching(/^[0-9A-Z]{5}$/),
)

/** Who raised it. Names of tables and constraints are names, unless a function made them up. */
const raiser = fc.constantFrom(
  { routine: "errfinish", names: false },
  { routine: "ExecConstraints", names: false },
  { routine: "ProcessInterrupts", names: false },
  { routine: "quickdie", names: false },
  { routine: undefined, names: false },
  { routine: "exec_stmt_raise", names: true, where: `PL/pgSQL function f(${CANARY})` },
  { routine: "PLy_elog_impl", names: true, where: `PL/Python function "f" ${CANARY}` },
)

const serverError = fc
  .record({
    code,
    raiser,
    severity: fc.constantFrom("ERROR", "FATAL", "PANIC"),
    position: fc.constantFrom(undefined, "8"),
    internalQuery: fc.constantFrom(undefined, `select '${CANARY}'`),
  })
  .map(({ code: sqlState, raiser: who, severity, position, internalQuery }) =>
    Object.assign(new Error(`about (${CANARY})`), {
      name: "error",
      severity,
      code: sqlState,
      routine: who.routine,
      file: who.routine === undefined ? undefined : "x.c",
      detail: `Key (email)=(${CANARY}) already exists.`,
      hint: CANARY,
      where: who.where,
      internalQuery,
      position,
      dataType: undefined,
      ...(who.names && { constraint: `${CANARY} is taken`, table: `t ${CANARY}`, column: `${CANARY}!` }),
      cause: new Error(CANARY),
      parameters: [CANARY],
    }),
  )

const nodeError = fc
  .record({
    errno: fc.constantFrom(
      "ECONNRESET",
      "ECONNREFUSED",
      "ENOTFOUND",
      "EPIPE",
      "ERR_TLS_CERT_ALTNAME_INVALID",
      undefined,
    ),
    name: fc.constantFrom("Error", "TypeError", "RangeError", "SyntaxError", "AggregateError"),
  })
  .map(({ errno, name }) =>
    Object.assign(new Error(`${CANARY} for postgres://ann:${CANARY}@host/db`), {
      name,
      code: errno,
      errors: [new Error(CANARY)],
      address: CANARY,
    }),
  )

/** The states whose messages are shown name what is in the statement's text: a canary that stands there as a name is none. */
const TEXT = `select "a", $1, '${CANARY}', E'\\x43', $$${CANARY}$$, 0x${CANARY} -- ${CANARY}\nfrom b where c = '${CANARY}'`

const evidence = fc
  .record({
    phase: fc.constantFrom<Phase>("acquire", "connect", "read", "write", "transaction", "commit", "rollback", "idle"),
    sent: fc.boolean(),
    completed: fc.boolean(),
    ready: fc.boolean(),
    readOnly: fc.boolean(),
  })
  .map(({ phase, ...facts }) => ({ ...untouched(phase), ...facts }))

/** Whose messages name things and never values; these are proved on a real server, by test/integration/core/redaction.test.ts. */
const NAMING = new Set(
  "08P01 25001 25006 25P01 34000 3B001 40001 42501 42701 42710 42723 42809 42830 428C9 42P06 42P07 42P10 55P03".split(
    " ",
  ),
)

describe("no canary comes out", () => {
  it("of whatever the server, the network or Node says, at whatever moment", () => {
    fc.assert(
      fc.property(fc.oneof(serverError, nodeError), evidence, fc.boolean(), (thrown, moment, named) => {
        const failure = classify(thrown, moment)
        fc.pre(!NAMING.has(failure.sqlState ?? "") || failure.routine === undefined || "constraint" in thrown)
        const name = named ? { name: "users.add" } : { name: undefined }
        const error = toDatabaseError(failure, {
          detail: "redact",
          attempts: 2,
          because: "attempts-spent",
          query: { sql: TEXT, parameterCount: 1, ...name },
          journal: [{ kind: failure.kind, phase: failure.phase, effect: failure.effect, tookMs: 1 }],
          value: [{ email: CANARY }],
          first: toDatabaseError(failure, { detail: "redact", attempts: 1 }),
        })
        expect(seenOf(error)).not.toContain(CANARY)
        expect(error.query?.sql).toBe('select "a", $1, ?, ?, ?, ?\nfrom b where c = ?')
      }),
      { numRuns: 1_500 },
    )
  }, 30_000)

  it("of a log line that claims to hold no data", () => {
    fc.assert(
      fc.property(serverError, evidence, (thrown, moment) => {
        const failure = classify(thrown, moment)
        // What the server says of itself is what the log is for; it says it in its own words, and a function does not.
        fc.pre(failure.blame === "statement" || failure.routine === "exec_stmt_raise" || thrown.where !== undefined)
        const statement = { queryId: "1", sql: TEXT }
        const told: DriverEvent[] = [
          {
            at: 0,
            name: "query.failed",
            durationMs: 1,
            attempts: 1,
            access: "read",
            failure,
            because: "attempts-spent",
            ...statement,
          },
          { at: 0, name: "query.retried", attempt: 1, delayMs: 1, failure, ...statement },
          { at: 0, name: "query.abandoned", reason: "abort", confirmed: true, ...statement },
          { at: 0, name: "transaction.rerun", attempt: 1, delayMs: 1, failure },
          { at: 0, name: "connection.discarded", connectionId: 1, reason: "died", failure },
          { at: 0, name: "pool.used-inside", what: "statement", inside: "transaction", sql: TEXT },
        ]
        for (const event of told) expect(logLine(event) ?? "").not.toContain(CANARY)
      }),
      { numRuns: 1_000 },
    )
  }, 30_000)

  it("with detail: include, which is there for that, it does", () => {
    const failure = classify(
      Object.assign(new Error(CANARY), { name: "error", severity: "ERROR", code: "22P02", routine: "x" }),
      {
        ...untouched("read"),
        sent: true,
      },
    )
    const error = toDatabaseError(failure, {
      detail: "include",
      attempts: 1,
      query: { sql: TEXT, name: undefined, parameterCount: 1 },
    })
    expect(error.message).toContain(CANARY)
    expect(error.query?.sql).toBe(TEXT)
    expect(everythingSeen(error.cause)).toContain(CANARY)
  })
})

function expectSilence(error: unknown): void {
  if (!isDatabaseError(error)) throw new Error("it should have been one of ours", { cause: error })
  expect(seenOf(error)).not.toContain(CANARY)
}

describe("no canary comes out of an operation whose", () => {
  const insert = (): never => {
    throw new Error(CANARY)
  }

  it("callback throws, rejects, or answers nonsense", async () => {
    const { db } = scripted({
      chunks: async function* () {
        yield { ok: true, value: [{ id: CANARY }], attempts: 1 }
      },
    })
    const users = db.selectFrom("users").selectAll()
    const hostile = {
      isOk: () => false,
      isErr: () => true,
      get error() {
        throw new Error(CANARY)
      },
    }
    const results = [
      await db.transaction(insert),
      await db.transaction(() => Promise.reject(new Error(CANARY))),
      // @ts-expect-error -- no Result
      await db.transaction(() => CANARY),
      // @ts-expect-error -- nor this
      await db.transaction(() => hostile as unknown),
      await db.transaction((tx) => tx.savepoint(insert)),
      await db.withConnection(insert),
      await db.forEach(users, insert),
      await attempt(async function* () {
        yield* ok(1)
        return insert()
      }),
      await db.all({ compile: insert }),
      await db.all({
        get compile() {
          return insert()
        },
      }),
      await db.query("select $1", [{ toJSON: insert }]),
    ]
    expect(results.filter((result) => result.isErr()).length).toBeGreaterThanOrEqual(10)
    for (const result of results) if (result.isErr()) expectSilence(result.error)
  })

  it("plugin, parser or abort reason holds it", async () => {
    const throwing = scripted(
      { statement: () => ({ rows: [{ id: 1 }] }) },
      {
        plugins: [{ transformQuery: ({ node }) => node, transformResult: insert }],
      },
    )
    const unbuildable = scripted({}, { plugins: [{ transformQuery: insert, transformResult: insert }] })
    const { db } = scripted()
    const results = [
      await throwing.db.all(throwing.db.selectFrom("users").selectAll()),
      await unbuildable.db.all(unbuildable.db.selectFrom("users").selectAll()),
      await db.transaction(async () => ok(1), { signal: AbortSignal.abort(new Error(CANARY)) }),
      // @ts-expect-error -- options that are none
      await db.query("select 1", [], { timeoutMs: CANARY }),
      // @ts-expect-error -- nor these
      await db.query("select 1", [], { name: { [CANARY]: CANARY } }),
    ]
    expect(results.every((result) => result.isErr())).toBe(true)
    for (const result of results) expectSilence(errorOf<unknown>(result))
  })
})

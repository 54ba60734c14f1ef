import { createDatabase } from "@kysely-resilient/core"
import { expectErr, expectOk, fakeErrors, faults, recordingDatabase } from "@kysely-resilient/testing/core"
import { ok } from "neverthrow"
import { beforeEach, describe, expect, it } from "vitest"

import { schema } from "./fixture.ts"

const made = () => recordingDatabase(schema)
let recording: ReturnType<typeof made>
let db: ReturnType<typeof made>["db"]

beforeEach(() => {
  recording = made()
  db = recording.db
  recording.when("users", [{ id: 1 }])
})

const users = () => db.all(db.selectFrom("users").select("id"))
const changed = () => db.exec(db.updateTable("posts").set({ title: "t" }))

describe("a fault", () => {
  it("strikes the next statement, once, before it is sent", async () => {
    using fault = faults(db)
    fault.failNext({ kind: "pool_timeout" })
    expect(fault.pending).toBe(1)
    expectErr(await users(), { kind: "pool_timeout", effect: "not_applied", retry: "statement", attempts: 0 })
    expect(recording.statements).toEqual([])
    expect(fault.pending).toBe(0)
    expect(expectOk(await users())).toEqual([{ id: 1 }])
  })

  it("strikes after it was done, where that is what its caller is not told", async () => {
    using fault = faults(db)
    fault.failNext({ kind: "connection_failed", effect: "unknown", token: "t" })
    expectErr(await changed(), { kind: "connection_failed", effect: "unknown", token: "t" })
    expect(recording.statements).toHaveLength(1)
    fault.failNext({ kind: "connection_failed", effect: "unknown", done: false })
    expectErr(await changed(), { effect: "unknown" })
    expect(recording.statements).toHaveLength(1)
    fault.failNext({ kind: "replication_unconfirmed", effect: "applied_locally" })
    expect(expectErr(await users(), { kind: "replication_unconfirmed" }).value).toEqual([{ id: 1 }])
  })

  it("waits for the statement that it is for, in line with others", async () => {
    using fault = faults(db)
    fault.failNext({ kind: "statement_timeout", sql: /^update/ })
    fault.failNext({ kind: "server_shutdown", times: 2 })
    expectErr(await users(), { kind: "server_shutdown" })
    expectErr(await changed(), { kind: "statement_timeout" })
    expectErr(await db.batch({ a: db.selectFrom("users").select("id") }), { kind: "server_shutdown" })
    expectOk(await changed())
  })

  it("is for the statement that a text is in, or whose name it is", async () => {
    using fault = faults(db)
    fault.failNext({ kind: "statement_timeout", sql: 'update "posts"' })
    fault.failNext({ kind: "lock_timeout", sql: "users.list" })
    expectOk(await users())
    expectErr(await changed(), { kind: "statement_timeout" })
    expectErr(await db.all(db.selectFrom("users").select("id"), { name: "users.list" }), { kind: "lock_timeout" })
  })

  it("says why nothing could be done about it, as the driver does", async () => {
    using fault = faults(db)
    const touched = () => db.transaction((tx) => tx.exec(tx.updateTable("posts").set({ title: "t" })))
    fault.failNext({ kind: "connection_failed" })
    expectErr(await changed(), { retry: "statement", because: "attempts-spent" })
    fault.failNext({ kind: "connection_failed", effect: "unknown" })
    expectErr(await changed(), { retry: "never", because: "effect-unknown" })
    fault.failNext({ kind: "serialization_failure", times: 3 })
    expectErr(await touched(), { retry: "transaction", attempts: 3, because: "attempts-spent" })
    fault.failNext({ kind: "serialization_failure", phase: "commit", times: 3 })
    expectErr(await touched(), { retry: "transaction", attempts: 3, because: "attempts-spent" })
    fault.failNext({ kind: "check_violation" })
    expectErr(await touched(), { retry: "never", attempts: 1, because: "not-transient" })
  })

  it("strikes a stream", async () => {
    using fault = faults(db)
    fault.failNext({ kind: "connection_failed" })
    expectErr(await db.forEach(db.selectFrom("users").select("id"), () => {}), { kind: "connection_failed" })
    expect(expectOk(await db.forEach(db.selectFrom("users").select("id"), () => {}))).toEqual({ rows: 1 })
  })

  it("at COMMIT leaves nothing, everything, or nobody knows", async () => {
    using fault = faults(db)
    const pay = () => db.transaction((tx) => tx.exec(tx.updateTable("posts").set({ title: "t" })), { retry: false })

    fault.failNext({ kind: "connection_failed", phase: "commit", effect: "unknown", token: "t" })
    expectErr(await pay(), { kind: "connection_failed", effect: "unknown", token: "t" })
    expect(recording.log.at(-1)).toBe("commit")

    fault.failNext({ kind: "connection_failed", phase: "commit", effect: "unknown", done: false })
    expectErr(await pay(), { effect: "unknown" })
    expect(recording.log.at(-1)).toBe("rollback")

    fault.failNext({ kind: "serialization_failure", phase: "commit" })
    expectErr(await pay(), { kind: "serialization_failure", effect: "not_applied" })
    expect(recording.log.at(-1)).toBe("rollback")

    fault.failNext({ kind: "replication_unconfirmed", phase: "commit", effect: "applied_locally" })
    expect(expectErr(await pay(), { kind: "replication_unconfirmed" }).value).toEqual({ affected: 0n })
    expectOk(await pay())
  })

  it("in a transaction fails it, and it is run again where that may help", async () => {
    using fault = faults(db)
    fault.failNext({ kind: "deadlock_detected" })
    const runs: number[] = []
    const result = await db.transaction(async (tx) => {
      runs.push(tx.attempt)
      return tx.exec(tx.deleteFrom("posts"))
    })
    expectOk(result)
    expect(runs).toEqual([1, 2])
  })

  it("in a transaction that passes over it makes COMMIT a rollback; a savepoint undoes it, unless it took all with it", async () => {
    using fault = faults(db)
    fault.failNext({ kind: "check_violation" })
    const careless = await db.transaction(async (tx) => {
      void (await tx.exec(tx.deleteFrom("posts")))
      expectErr(await tx.exec(tx.deleteFrom("users")), { kind: "transaction_aborted" })
      return ok(1)
    })
    expectErr(careless, { kind: "transaction_aborted" })

    fault.failNext({ kind: "check_violation" })
    const careful = await db.transaction(async (tx) => {
      expectErr(await tx.savepoint((part) => part.exec(part.deleteFrom("posts"))), { kind: "check_violation" })
      expectOk(await tx.exec(tx.deleteFrom("users")))
      return ok(1)
    })
    expectOk(careful)

    fault.failNext({ kind: "connection_failed" })
    const lost = await db.transaction(
      async (tx) => {
        void (await tx.savepoint((part) => part.exec(part.deleteFrom("posts"))))
        return ok(1)
      },
      { retry: false },
    )
    expectErr(lost, { kind: "transaction_aborted" })
  })

  it("is gone at the end of its block, with those of others left alone", async () => {
    using others = faults(db)
    others.failNext({ kind: "pool_full", sql: /posts/ })
    {
      using fault = faults(db)
      fault.failNext({ kind: "pool_full" })
    }
    expectOk(await users())
    expectErr(await changed(), { kind: "pool_full" })
    others.failNext({ kind: "pool_full" })
    others.clear()
    expectOk(await users())
  })

  it("comes before what is scripted, and an error of the statement itself before the fault", async () => {
    using fault = faults(db)
    recording.when("posts", fakeErrors(schema).check_violation())
    fault.failNext({ kind: "connection_failed", effect: "unknown" })
    expectErr(await changed(), { kind: "check_violation" })
  })

  it("wants a database", () => {
    expect(() => faults({})).toThrow("faults wants what createDatabase or recordingDatabase gave")
    using fault = faults(createDatabase({ connection: "postgres://nowhere.invalid/x" }))
    expect(fault.pending).toBe(0)
  })
})

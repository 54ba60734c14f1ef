import type { Database } from "@kysely-resilient/core"
import { allUnseen } from "@kysely-resilient/core/src/dropped/unseen.ts"
import { expectErr, expectOk, faults, withRollback } from "@kysely-resilient/testing/core"
import { err, ok } from "neverthrow"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testShop, type ShopDB } from "../../../support/shop.ts"

const shop = testShop(import.meta.url)
let db: Database<ShopDB>

beforeAll(() => {
  db = shop.open()
})
beforeEach(() => shop.database.ask("truncate accounts, transfers; insert into accounts values (1, 'ann', 100)"))
afterAll(async () => {
  expect(db.snapshot().pool.leased).toBe(0)
  expectOk(await db.close())
})

/** Code under test: it takes a database and knows nothing of tests. */
const open = (on: Database<ShopDB>, id: number, owner: string) =>
  on.exec(on.insertInto("accounts").values({ id, owner, balance: 10 }))
const owners = async (on: Database<ShopDB>): Promise<string[]> =>
  expectOk(await on.all(on.selectFrom("accounts").select("owner").orderBy("id"))).map(({ owner }) => owner)

describe("withRollback", () => {
  it("leaves nothing of what was done, and gives what its body returns", async () => {
    const seen = await withRollback(db, async (on) => {
      expectOk(await open(on, 2, "bob"))
      return owners(on)
    })
    expect(seen).toEqual(["ann", "bob"])
    expect(await owners(db)).toEqual(["ann"])
  })

  it("throws what its body threw, and leaves no Err behind that nobody has looked at", async () => {
    allUnseen().clear()
    const failing = withRollback(db, async (on) => expectOk(await on.query("select nonsense")))
    await expect(failing).rejects.toThrow("It should have been Ok")
    expect([...allUnseen()].map((unseen) => unseen.dropped()?.message)).toEqual([])
  })

  it("makes a savepoint of a transaction, which is kept or undone alone", async () => {
    await withRollback(db, async (on) => {
      const kept = await on.transaction(async (tx) => {
        expect(tx.attempt).toBe(1)
        return tx.exec(tx.insertInto("accounts").values({ id: 2, owner: "bob" }))
      })
      expectOk(kept)
      const undone = await on.transaction(async (tx) => {
        expectOk(await tx.exec(tx.insertInto("accounts").values({ id: 3, owner: "cid" })))
        return err("no")
      })
      expect(expectErr(undone)).toBe("no")
      expectErr(await on.transaction(() => Promise.reject(new Error("no"))), { kind: "callback_threw" })
      expect(await owners(on)).toEqual(["ann", "bob"])
    })
    expect(await owners(db)).toEqual(["ann"])
  })

  it("lets a statement fail alone, as outside of a transaction", async () => {
    await withRollback(db, async (on) => {
      expectErr(await open(on, 2, "ann"), { kind: "unique_violation", constraint: "accounts_owner_key" })
      expectErr(await on.query("select nonsense"), { kind: "invalid_statement" })
      expectErr(await on.batch({ a: on.insertInto("accounts").values({ id: 1, owner: "x" }) }), {
        kind: "unique_violation",
      })
      expectOk(await open(on, 2, "bob"))
      const [first, second] = await Promise.all([open(on, 3, "cid"), open(on, 4, "dan")])
      expectOk(first)
      expectOk(second)
      expect(await owners(on)).toEqual(["ann", "bob", "cid", "dan"])
    })
    expect(await owners(db)).toEqual(["ann"])
  })

  it("does what was to be done after COMMIT when the inner transaction is kept, and not when it is undone", async () => {
    const done: string[] = []
    await withRollback(db, async (on) => {
      const result = await on.transaction(async (tx) => {
        tx.afterCommit(() => done.push("outer"))
        expectErr(
          await tx.savepoint(async (part) => {
            part.afterCommit(() => done.push("undone"))
            return err("no")
          }),
        )
        expectOk(
          await tx.savepoint(async (part) => {
            part.afterCommit(() => done.push("inner"))
            return ok(1)
          }),
        )
        expect(done).toEqual([])
        return ok(1)
      })
      expectOk(result)
      expect(done).toEqual(["outer", "inner"])
      expectErr(
        await on.transaction(async (tx) => {
          tx.afterCommit(() => done.push("never"))
          return err("no")
        }),
      )
    })
    expect(done).toEqual(["outer", "inner"])
  })

  it("throws what its body throws, after the rollback: an assertion that fails is the test's", async () => {
    const failed = new Error("assertion")
    const running = withRollback(db, async (on) => {
      expectOk(await open(on, 2, "bob"))
      throw failed
    })
    await expect(running).rejects.toBe(failed)
    expect(await owners(db)).toEqual(["ann"])
  })

  it("streams, pins a connection, and is closed without harm", async () => {
    await withRollback(db, async (on) => {
      expectOk(await open(on, 2, "bob"))
      const seen: string[] = []
      for await (const row of on.stream(on.selectFrom("accounts").select("owner").orderBy("id")))
        seen.push(expectOk(row).owner)
      expect(seen).toEqual(["ann", "bob"])
      expectOk(await on.withConnection((session) => session.exec(session.deleteFrom("accounts"))))
      expect(await owners(on)).toEqual([])
      expectOk(await on.ready())
      expectOk(await on.close())
      expect(on.snapshot().pool.leased).toBe(1)
    })
    expect(await owners(db)).toEqual(["ann"])
  })

  it("does not pass over the isolation of the code under test: it is the test's to give", async () => {
    const serializable = (on: Database<ShopDB>) =>
      on.transaction((tx) => tx.query<{ level: string }>("select current_setting('transaction_isolation') as level"), {
        isolation: "serializable",
      })
    await withRollback(db, async (on) => {
      const refused = expectErr(await serializable(on), { kind: "refused" })
      expect(refused.message).toContain(
        'isolation cannot be serializable here, inside of the transaction "withRollback", which has begun without an isolation level',
      )
      expectOk(await on.transaction((tx) => tx.query("select 1"), { isolation: "read committed" }))
    })
    const had = await withRollback(db, serializable, { isolation: "serializable" })
    expect(expectOk(had).rows).toEqual([{ level: "serializable" }])
  })

  it("lets a transaction that is read only not write, and the test write afterwards", async () => {
    await withRollback(db, async (on) => {
      const write = on.insertInto("accounts").values({ id: 2, owner: "bob", balance: 1 })
      expectErr(await on.transaction((tx) => tx.exec(write), { accessMode: "read only" }), {
        kind: "read_only_transaction",
      })
      expectOk(
        await on.transaction((tx) => tx.all(tx.selectFrom("accounts").select("id")), { accessMode: "read only" }),
      )
      expectOk(await on.exec(write))
      expect(await owners(on)).toEqual(["ann", "bob"])
    })
    await withRollback(
      db,
      async (on) => {
        expectErr(await open(on, 3, "cid"), { kind: "read_only_transaction" })
        expectErr(await on.transaction((tx) => tx.query("select 1"), { accessMode: "read write" }), { kind: "refused" })
      },
      { accessMode: "read only" },
    )
  })

  it("refuses what would not be rolled back", async () => {
    await withRollback(db, (on) => {
      expect(() => on.kysely).toThrow("db.kysely would run outside of the transaction that withRollback rolls back")
    })
  })

  it("says what kept it from beginning", async () => {
    const away = shop.open({ connection: "postgres://127.0.0.1:1/none", retry: false })
    await expect(
      withRollback(away, (on) =>
        on.exec(on.deleteFrom("accounts")).match(
          () => 1,
          (error) => error.kind,
        ),
      ),
    ).resolves.toBe("connection_failed")
    expectOk(await away.close())
  })

  it("says where an operation was called, though it goes by way of a savepoint", async () => {
    await withRollback(db, async (on) => {
      const error = expectErr(await on.query("select nonsense"))
      expect(error.callSite).toBeDefined()
    })
  })
})

describe("faults on a real database", () => {
  it("of which nobody knows at COMMIT, though it was done", async () => {
    using fault = faults(db)
    fault.failNext({ kind: "connection_failed", phase: "commit", effect: "unknown" })
    expectErr(await db.transaction((tx) => tx.exec(tx.insertInto("accounts").values({ id: 2, owner: "bob" }))), {
      kind: "connection_failed",
      effect: "unknown",
    })
    expect(await owners(db)).toEqual(["ann", "bob"])
  })

  it("that leave nothing, and are run again", async () => {
    using fault = faults(db)
    fault.failNext({ kind: "serialization_failure", phase: "commit" })
    fault.failNext({ kind: "server_shutdown", sql: /insert/ })
    const runs: number[] = []
    const result = await db.transaction((tx) => {
      runs.push(tx.attempt)
      return tx.exec(tx.insertInto("accounts").values({ id: 2, owner: "bob" }))
    })
    expectOk(result)
    expect(runs).toEqual([1, 2, 3])
    expect(await owners(db)).toEqual(["ann", "bob"])
    expect(fault.pending).toBe(0)
  })

  it("leave the pool as it was", async () => {
    using fault = faults(db)
    for (const effect of ["not_applied", "unknown"] as const) {
      fault.failNext({ kind: "connection_failed", phase: "commit", effect, done: false })
      expectErr(await db.transaction((tx) => tx.exec(tx.deleteFrom("accounts")), { retry: false }), { effect })
    }
    expect(await owners(db)).toEqual(["ann"])
    expect(db.snapshot().pool).toMatchObject({ leased: 0, waiting: 0 })
  })
})

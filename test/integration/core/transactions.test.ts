import type { Database, Tx } from "@kysely-resilient/core"
import { err, ok } from "neverthrow"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../support/results.ts"
import { testShop, type ShopDB } from "../../support/shop.ts"

const shop = testShop(import.meta.url)
let db: Database<ShopDB>

const move = (source: number, target: number, amount: number) => async (tx: Tx<ShopDB>) => {
  const taken = await tx.exec(
    tx
      .updateTable("accounts")
      .set((eb) => ({ balance: eb("balance", "-", amount) }))
      .where("id", "=", source),
  )
  if (taken.isErr()) return taken
  const given = await tx.exec(
    tx
      .updateTable("accounts")
      .set((eb) => ({ balance: eb("balance", "+", amount) }))
      .where("id", "=", target),
  )
  if (given.isErr()) return given
  return tx.one(tx.insertInto("transfers").values({ source, target, amount }).returning("id"))
}

const balances = async () =>
  (await shop.database.ask("select balance from accounts order by id")).map(({ balance }) => balance)
const openTransactions = () =>
  shop.database.ask(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
  )

beforeAll(() => {
  db = shop.open()
})

beforeEach(async () => {
  valueOf(await db.query("truncate accounts, transfers restart identity cascade"))
  valueOf(
    await db.exec(
      db.insertInto("accounts").values([1, 2, 3].map((id) => ({ id, owner: `owner ${id}`, balance: 100 }))),
    ),
  )
})

afterEach(async () => {
  expect(db.snapshot().pool.leased).toBe(0)
  expect(await openTransactions()).toEqual([{ n: 0 }])
})

afterAll(async () => {
  await db.close()
})

describe("a transaction", () => {
  it("is committed by Ok", async () => {
    expect(valueOf(await db.transaction(move(1, 2, 30)))).toEqual({ id: 1 })
    expect(await balances()).toEqual([70, 130, 100])
  })

  it("is rolled back by an Err, a failed statement, a throw, and a statement that was passed over", async () => {
    expect(errorOf(await db.transaction(move(1, 2, 300)))).toMatchObject({ constraint: "accounts_balance_check" })
    expect(errorOf(await db.transaction(async (tx) => ((await move(1, 2, 5)(tx)).isOk() ? err("no") : ok(1))))).toBe(
      "no",
    )
    const threw = await db.transaction(async (tx) => {
      await move(1, 2, 5)(tx)
      throw new Error("boom")
    })
    expect(errorOf(threw)).toMatchObject({ kind: "callback_threw" })
    const swallowed = await db.transaction(async (tx) => {
      await move(1, 2, 5)(tx)
      errorOf(await tx.query("select 1 / 0"))
      return ok("fine")
    })
    expect(errorOf(swallowed)).toMatchObject({ kind: "transaction_aborted", first: { kind: "data_exception" } })
    expect(await balances()).toEqual([100, 100, 100])
  })

  it("fails at COMMIT on a deferred constraint, with that constraint's error", async () => {
    const error = errorOf(
      await db.transaction((tx) => tx.exec(tx.insertInto("transfers").values({ source: 99, target: 1, amount: 1 }))),
    )
    expect(error).toMatchObject({
      kind: "foreign_key_violation",
      constraint: "transfers_source_fk",
      effect: "not_applied",
    })
  })

  it("takes isolation, access mode, lock timeout and the rest to the server", async () => {
    const settings = await db.transaction(
      (tx) =>
        tx.query(
          "select current_setting('transaction_isolation') i, current_setting('transaction_read_only') r, current_setting('lock_timeout') l",
        ),
      { isolation: "serializable", accessMode: "read only", deferrable: true, lockTimeoutMs: 1_500 },
    )
    expect(valueOf(settings).rows).toEqual([{ i: "serializable", r: "on", l: "1500ms" }])
    const written = await db.transaction(move(1, 2, 1), { accessMode: "read only" })
    expect(errorOf(written)).toMatchObject({ kind: "read_only_transaction" })
  })

  it("costs nothing if nothing is in it", async () => {
    const before = db.snapshot().metrics.total_queries
    expect(valueOf(await db.transaction(async () => ok(1)))).toBe(1)
    expect(db.snapshot().metrics.total_queries).toBe(before)
  })

  it("refuses raw transaction control in it, and goes on", async () => {
    const result = await db.transaction(async (tx) => {
      expect(errorOf(await tx.query("commit"))).toMatchObject({ kind: "refused", effect: "not_applied" })
      return move(1, 2, 5)(tx)
    })
    expect(valueOf(result)).toEqual({ id: 1 })
    expect(await balances()).toEqual([95, 105, 100])
  })

  it.each([
    ["COMMIT", "update accounts set balance = 1; commit; update accounts set balance = 2"],
    ["ROLLBACK", "update accounts set balance = 1; rollback; update accounts set balance = 2"],
    ["BEGIN", "begin; update accounts set balance = 1"],
    ["COMMIT", "savepoint a; release a; /* ; */ end"],
    ["PREPARE TRANSACTION", "select 1; prepare transaction 'x'"],
  ])("refuses %s in it among several statements of one text, before any of them is sent", async (command, text) => {
    const transacted = await db.transaction(async (tx) => {
      valueOf(await tx.query("update accounts set balance = 7"))
      return tx.query(text)
    })
    expect(errorOf(transacted)).toMatchObject({ kind: "refused", effect: "not_applied" })
    expect(errorOf(transacted).message).toContain(command)
    expect(await balances()).toEqual([100, 100, 100])
  })

  it("says that nobody knows what became of it, where the server ended it unasked, and sends nothing more", async () => {
    const later: string[] = []
    const transacted = await db.transaction(async (tx) => {
      valueOf(await tx.query("set local standard_conforming_strings = off"))
      valueOf(await tx.query("update accounts set balance = 7"))
      // Of this text only the setting makes a COMMIT.
      valueOf(await tx.query("select 1; select 'a\\'' ; commit; select '1'"))
      later.push(errorOf(await tx.query("update accounts set balance = 8")).kind)
      return ok("done")
    })
    expect(later).toEqual(["refused"])
    expect(errorOf(transacted)).toMatchObject({ kind: "refused", effect: "unknown", retry: "never", attempts: 1 })
    expect(await balances()).toEqual([7, 7, 7])
  })

  it("undoes all of its concurrent statements if one of them fails", async () => {
    const result = await db.transaction(async (tx) => {
      const [first, ...others] = await Promise.all([
        tx.exec(tx.updateTable("accounts").set({ balance: 1 }).where("id", "=", 1)),
        tx.query("select 1 / 0"),
        tx.exec(tx.updateTable("accounts").set({ balance: 1 }).where("id", "=", 2)),
        tx.exec(tx.updateTable("accounts").set({ balance: 1 }).where("id", "=", 3)),
      ])
      valueOf(first)
      return err(others.map(errorOf)[0])
    })
    expect(errorOf(result)).toMatchObject({ kind: "data_exception" })
    expect(await balances()).toEqual([100, 100, 100])
  })

  it("refuses what comes after its end, so that nothing runs outside of it", async () => {
    let kept: Tx<ShopDB> | undefined
    const undone = await db.transaction(async (tx) => {
      kept = tx
      return err("undone")
    })
    expect(errorOf(undone)).toBe("undone")
    expect(errorOf(await kept?.exec(db.updateTable("accounts").set({ balance: 0 })))).toMatchObject({ kind: "refused" })
    expect(await balances()).toEqual([100, 100, 100])
  })
})

describe("whole transactions", () => {
  it("run again after a serialization failure, and add up", async () => {
    const add = (id: number) =>
      db.transaction(
        async (tx) => {
          const read = await tx.one(tx.selectFrom("accounts").select("balance").where("id", "=", 1))
          if (read.isErr()) return read
          return tx.exec(
            tx
              .updateTable("accounts")
              .set({ balance: read.value.balance + id })
              .where("id", "=", 1),
          )
        },
        { isolation: "serializable", retry: { attemptsMax: 20 } },
      )
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map(add))
    for (const result of results) valueOf(result)
    expect(await balances()).toEqual([121, 100, 100])
  })

  it("run again after a deadlock", async () => {
    const attempts: number[] = []
    const lock = (first: number, second: number) =>
      db.transaction(async (tx) => {
        attempts.push(tx.attempt)
        const one = await tx.exec(
          tx
            .updateTable("accounts")
            .set((eb) => ({ balance: eb("balance", "+", 1) }))
            .where("id", "=", first),
        )
        if (one.isErr()) return one
        if (tx.attempt === 1) await tx.query("select pg_sleep(0.2)")
        return tx.exec(
          tx
            .updateTable("accounts")
            .set((eb) => ({ balance: eb("balance", "+", 1) }))
            .where("id", "=", second),
        )
      })
    for (const result of await Promise.all([lock(1, 2), lock(2, 1)])) valueOf(result)
    expect(attempts).toContain(2)
    expect(await balances()).toEqual([102, 102, 100])
  })

  it("run again on a new connection when theirs is lost before COMMIT", async () => {
    const todo: number[] = []
    const result = await db.transaction(async (tx) => {
      tx.afterCommit(() => todo.push(tx.attempt))
      const moved = await move(1, 2, 10)(tx)
      if (moved.isErr()) return moved
      if (tx.attempt === 1) {
        const [pid] = valueOf(await tx.query<{ pid: number }>("select pg_backend_pid() as pid")).rows
        await shop.database.ask("select pg_terminate_backend($1)", [pid?.pid])
      }
      return tx.one(tx.selectFrom("accounts").select("balance").where("id", "=", 1))
    })
    expect(valueOf(result)).toEqual({ balance: 90 })
    expect(todo).toEqual([2])
    expect(await balances()).toEqual([90, 110, 100])
  })

  it("run once with retry: false", async () => {
    let runs = 0
    const result = await db.transaction(
      async (tx) => {
        runs += 1
        const [pid] = valueOf(await tx.query<{ pid: number }>("select pg_backend_pid() as pid")).rows
        await shop.database.ask("select pg_terminate_backend($1)", [pid?.pid])
        return move(1, 2, 10)(tx)
      },
      { retry: false },
    )
    expect(errorOf(result)).toMatchObject({ category: "availability", effect: "not_applied" })
    expect(runs).toBe(1)
    expect(await balances()).toEqual([100, 100, 100])
  })
})

describe("a callback that never returns", () => {
  it("is ended at its deadline, and its locks are gone soon after", async () => {
    const started = performance.now()
    const result = await db.transaction(
      async (tx) => {
        await move(1, 2, 10)(tx)
        return new Promise<never>(() => {})
      },
      { timeoutMs: 200 },
    )
    expect(errorOf(result)).toMatchObject({ kind: "transaction_timeout", effect: "not_applied" })
    expect(performance.now() - started).toBeLessThan(1_000)
    // Would wait for the row's lock if the transaction were still open.
    valueOf(await db.exec(db.updateTable("accounts").set({ owner: "free" }).where("id", "=", 1), { timeoutMs: 4_000 }))
    expect(await balances()).toEqual([100, 100, 100])
  })

  it("and a statement that runs at the deadline is stopped on the server", async () => {
    const result = await db.transaction((tx) => tx.query("select pg_sleep(20)"), { timeoutMs: 200 })
    expect(errorOf(result).category).toBe("limit")
    valueOf(await db.query("select 1"))
    await expect
      .poll(() =>
        shop.database.ask(
          "select count(*)::int as n from pg_stat_activity where datname = current_database() and query like 'select pg_sleep(20)%' and state = 'active'",
        ),
      )
      .toEqual([{ n: 0 }])
  })
})

describe("savepoints", () => {
  it("fail alone", async () => {
    const result = await db.transaction(async (tx) => {
      const big = await tx.savepoint((part) => move(1, 2, 300)(part))
      expect(errorOf(big)).toMatchObject({ constraint: "accounts_balance_check" })
      const passedOver = await tx.savepoint(async (part) => {
        errorOf(await part.query("select 1 / 0"))
        return ok(1)
      })
      expect(errorOf(passedOver)).toMatchObject({ kind: "transaction_aborted", first: { kind: "data_exception" } })
      return tx.atomic((part) => move(1, 3, 20)(part))
    })
    expect(valueOf(result)).toEqual({ id: 1 })
    expect(await balances()).toEqual([80, 100, 120])
  })

  it("keep what runs beside them out of their fate", async () => {
    const result = await db.transaction(async (tx) => {
      const [undone, kept] = await Promise.all([
        tx.savepoint(async (part) => {
          await move(1, 2, 50)(part)
          return err("undone")
        }),
        tx.exec(tx.updateTable("accounts").set({ balance: 7 }).where("id", "=", 3)),
      ])
      expect([undone.isErr(), kept.isOk()]).toEqual([true, true])
      return ok(1)
    })
    valueOf(result)
    expect(await balances()).toEqual([100, 100, 7])
  })
})

describe("withConnection", () => {
  it("is one backend throughout, and goes back clean", async () => {
    const pids = await db.withConnection(async (session) => {
      const pid = async () =>
        valueOf(await session.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid
      return ok([await pid(), await pid()])
    })
    const [a, b] = valueOf(pids)
    expect(a).toBe(b)
  })

  it("is not used for a text that leaves a transaction open: what it did would be rolled back behind its answer", async () => {
    for (const text of ["begin; update accounts set balance = 1", "begin; select 1; commit and chain"]) {
      expect(errorOf(await db.query(text))).toMatchObject({ kind: "refused", effect: "not_applied" })
    }
    valueOf(await db.query("begin; update accounts set balance = 5; commit"))
    expect(await balances()).toEqual([5, 5, 5])
  })

  it("allows raw transaction control, and rolls back what was left open", async () => {
    valueOf(
      await db.withConnection(async (session) => {
        valueOf(await session.query("begin"))
        valueOf(await session.query("update accounts set balance = 1"))
        valueOf(await session.query("commit"))
        valueOf(await session.query("begin"))
        valueOf(await session.query("update accounts set balance = 2"))
        return ok(1)
      }),
    )
    expect(await balances()).toEqual([1, 1, 1])
  })

  it("has transactions of ours on it", async () => {
    valueOf(await db.withConnection((session) => session.atomic((tx) => move(1, 2, 10)(tx))))
    expect(await balances()).toEqual([90, 110, 100])
  })
})

import type { Tx } from "@kysely-resilient/core"
import { err, ok } from "neverthrow"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"
import { scripted, type Shop } from "../../../support/scripted-database.ts"
import { conflict, failure } from "../../../support/scripted-engine.ts"

const statement = (tx: Tx<Shop>, id: number) => tx.query(`delete ${id}`)
const short = (log: readonly string[]) =>
  log.map((line) => line.replace(/^\d+: /, "").replace("kysely_resilient_", "#"))

describe("a savepoint", () => {
  it("that is Ok is kept", async () => {
    const { db, engine } = scripted()
    const result = await db.transaction((tx) =>
      tx.savepoint(async (part) => (await statement(part, 1)).map(() => "kept")),
    )
    expect(valueOf(result)).toBe("kept")
    expect(short(engine.log)).toEqual(["begin", "savepoint #1", "delete 1", "release #1", "commit", "release"])
  })

  it("that fails is undone alone, and the transaction goes on", async () => {
    const { db, engine } = scripted({
      statement: ({ sql }) => (sql === "delete 13" ? { fails: failure("check_violation") } : {}),
    })
    const result = await db.transaction(async (tx) => {
      const part = await tx.savepoint((inner) => statement(inner, 13))
      expect(errorOf(part)).toMatchObject({ kind: "check_violation" })
      await statement(tx, 2)
      return ok("whole")
    })
    expect(valueOf(result)).toBe("whole")
    expect(short(engine.log)).toEqual([
      "begin",
      "savepoint #1",
      "delete 13",
      "rollback to #1",
      "release #1",
      "delete 2",
      "commit",
      "release",
    ])
  })

  it("whose callback passes over a failed statement fails, and is undone alone", async () => {
    const { db } = scripted({
      statement: ({ sql }) => (sql === "delete 13" ? { fails: failure("check_violation") } : {}),
    })
    const result = await db.transaction(async (tx) => {
      const part = await tx.savepoint(async (inner) => {
        errorOf(await statement(inner, 13))
        return ok("fine")
      })
      expect(errorOf(part)).toMatchObject({ kind: "transaction_aborted", first: { kind: "check_violation" } })
      return ok("whole")
    })
    expect(valueOf(result)).toBe("whole")
  })

  it("that throws is undone and answers callback_threw", async () => {
    const { db, engine } = scripted()
    const result = await db.transaction(async (tx) => {
      const part = await tx.savepoint(() => Promise.reject(new Error("boom")))
      return ok(errorOf(part))
    })
    expect(valueOf(result)).toMatchObject({ kind: "callback_threw" })
    expect(short(engine.log)).toEqual(["begin", "savepoint #1", "rollback to #1", "release #1", "commit", "release"])
  })

  it("does not save a transaction from a conflict: the whole runs again", async () => {
    const { db, clock } = scripted({ statement: ({ lease }) => (lease === 1 ? { fails: conflict() } : {}) })
    const running = db.transaction(async (tx) => {
      const part = await tx.savepoint((inner) => statement(inner, 1))
      expect(part.isErr()).toBe(tx.attempt === 1)
      return ok(tx.attempt)
    })
    await clock.advance(5)
    expect(valueOf(await running)).toBe(2)
  })

  it("nests, with names of its own", async () => {
    const { db, engine } = scripted()
    const result = await db.transaction((tx) =>
      tx.savepoint(async (outer) => {
        const inner = await outer.savepoint(async () => err("inner" as const))
        expect(inner.isErr()).toBe(true)
        return outer.atomic(async () => ok("outer"))
      }),
    )
    expect(valueOf(result)).toBe("outer")
    expect(short(engine.log)).toEqual([
      "begin",
      "savepoint #1",
      "savepoint #2",
      "rollback to #2",
      "release #2",
      "savepoint #3",
      "release #3",
      "release #1",
      "commit",
      "release",
    ])
  })

  it("has its afterCommit forgotten if it is undone, and done with the transaction's if it is kept", async () => {
    const { db } = scripted()
    const done: string[] = []
    await db.transaction(async (tx) => {
      tx.afterCommit(() => done.push("before"))
      await tx.savepoint(async (part) => {
        part.afterCommit(() => done.push("kept"))
        return ok(1)
      })
      const undone = await tx.savepoint(async (part) => {
        part.afterCommit(() => done.push("undone"))
        return err(1)
      })
      expect(undone.isErr()).toBe(true)
      tx.afterCommit(() => done.push("after"))
      return ok(1)
    })
    expect(done).toEqual(["before", "kept", "after"])
  })

  it("refuses its handle once it is over", async () => {
    const { db } = scripted()
    await db.transaction(async (tx) => {
      let kept: Tx<Shop> | undefined
      await tx.savepoint(async (part) => {
        kept = part
        return ok(1)
      })
      expect(errorOf(await kept?.exec(db.deleteFrom("users")))).toMatchObject({ kind: "refused" })
      expect((await statement(tx, 1)).isOk()).toBe(true)
      return ok(1)
    })
  })
})

describe("concurrency around a savepoint", () => {
  it("lets statements of the outer handle wait, so that they are not undone with it", async () => {
    const { db, engine } = scripted()
    await db.transaction(async (tx) => {
      const both = await Promise.all([
        tx.savepoint(async (part) => {
          await statement(part, 1)
          await statement(part, 2)
          return err("undone")
        }),
        statement(tx, 3),
      ])
      expect(both.map((result) => result.isOk())).toEqual([false, true])
      return ok(1)
    })
    expect(short(engine.log)).toEqual([
      "begin",
      "savepoint #1",
      "delete 1",
      "delete 2",
      "rollback to #1",
      "release #1",
      "delete 3",
      "commit",
      "release",
    ])
  })

  it("runs one savepoint after the other, with statements between them in between", async () => {
    const { db, engine } = scripted()
    await db.transaction(async (tx) => {
      const part = (id: number) => tx.savepoint((inner) => statement(inner, id))
      await Promise.all([part(1), statement(tx, 2), part(3), statement(tx, 4), part(5)])
      return ok(1)
    })
    const inside = (id: number) => {
      const before = short(engine.log).slice(0, short(engine.log).indexOf(`delete ${id}`))
      const begun = before.filter((line) => line.startsWith("savepoint")).length
      return begun - before.filter((line) => line.startsWith("release #")).length
    }
    expect([1, 2, 3, 4, 5].map(inside)).toEqual([1, 0, 1, 0, 1])
  })

  it("refuses the outer handle inside of it, instead of waiting for itself", async () => {
    const { db } = scripted()
    const result = await db.transaction(async (tx) => {
      const part = await tx.savepoint(async () => {
        const wrong = await statement(tx, 1)
        expect(errorOf(wrong)).toMatchObject({ kind: "refused" })
        expect(errorOf(wrong).message).toContain("use the handle that its callback was given")
        return tx.savepoint(async () => ok(1))
      })
      expect(errorOf(part)).toMatchObject({ kind: "refused" })
      return ok("whole")
    })
    expect(valueOf(result)).toBe("whole")
  })

  it("is never committed half done, though nobody waited for it", async () => {
    const { db, engine } = scripted()
    let release: () => void = () => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    const running = db.transaction(async (tx) => {
      void tx.savepoint(async (part) => {
        await statement(part, 1)
        await gate
        return statement(part, 2)
      })
      return ok(1)
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(short(engine.log)).not.toContain("commit")
    release()
    expect((await running).isOk()).toBe(true)
    expect(short(engine.log).slice(-4)).toEqual(["delete 2", "release #1", "commit", "release"])
  })

  it("that never returns keeps nobody waiting past the deadline", async () => {
    const { db, clock } = scripted()
    const waiting: PromiseLike<unknown>[] = []
    const running = db.transaction(
      async (tx) => {
        void tx.savepoint(async (part) => {
          void part.savepoint(() => new Promise<never>(() => {}))
          waiting.push(statement(part, 1).then(errorOf))
          return new Promise<never>(() => {})
        })
        waiting.push(statement(tx, 2).then(errorOf), tx.savepoint(async () => ok(3)).then(errorOf))
        return new Promise<never>(() => {})
      },
      { timeoutMs: 50 },
    )
    await clock.advance(50)
    expect(errorOf(await running)).toMatchObject({ kind: "transaction_timeout" })
    expect(waiting).toHaveLength(3)
    expect(await Promise.all(waiting)).toMatchObject([{ kind: "refused" }, { kind: "refused" }, { kind: "refused" }])
  })
})

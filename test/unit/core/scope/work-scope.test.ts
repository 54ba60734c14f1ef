import { outsideScope, WorkScope, type LeftBehind } from "@kysely-resilient/core"
import { currentScope } from "@kysely-resilient/core/src/scope/work-scope.ts"
import { err, ok } from "neverthrow"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"
import { scripted } from "../../../support/scripted-database.ts"

const names = (left: readonly LeftBehind[]) => left.map(({ what, label }) => [what, label])

describe("a scope", () => {
  it("reaches every statement inside without being passed along, and none outside", async () => {
    const { db, engine, clock } = scripted()
    const scope = new WorkScope({ timeoutMs: 500 }, clock)
    await db.query("select 0")
    await scope.run(async () => {
      await db.query("select 1")
      await clock.advance(200)
      await db.batch({ a: db.selectFrom("users").selectAll() }, { timeoutMs: 50 })
    })
    const { signal } = scope
    const deadline = { at: clock.now() + 300, limitMs: 500 }
    expect(engine.asked.map(({ options }) => options)).toEqual([
      {},
      { signal, deadline },
      { signal, deadline, timeoutMs: 50 },
    ])
  })

  it("is heard besides the signal that a call has of its own", async () => {
    const { db, engine, clock } = scripted()
    const [scope, own] = [new WorkScope({}, clock), new AbortController()]
    await scope.run(() => db.query("select 1", [], { signal: own.signal }))
    await scope.run(() => db.query("select 2", [], { signal: own.signal }))
    const [first, second] = engine.asked.map(({ options }) => options.signal)
    scope.abort()
    expect([first?.aborted, own.signal.aborted]).toEqual([true, false])
    own.abort()
    expect(second?.aborted).toBe(true)
  })

  it("that is aborted ends its transaction, rolled back, and no callback of it goes on", async () => {
    const { db, engine, clock } = scripted()
    const scope = new WorkScope({}, clock)
    const begun = Promise.withResolvers<void>()
    const result = scope.run(() =>
      db.transaction(async (tx) => {
        await tx.query("insert into users default values")
        begun.resolve()
        await new Promise(() => {})
        return ok(1)
      }),
    )
    await begun.promise
    scope.abort()
    expect(
      await result.match(
        () => "committed",
        ({ kind }) => kind,
      ),
    ).toBe("aborted")
    await clock.settle()
    expect(engine.log.slice(-2)).toEqual(["1: rollback (caller)", "1: release"])
    expect(engine.held).toBe(0)
    expect((await scope.run(() => db.transaction(async () => ok(1)))).isErr()).toBe(true)
  })

  it("that is aborted during COMMIT does not keep it from being told, nor what was due afterwards from being done", async () => {
    const answer = Promise.withResolvers<undefined>()
    const { db, engine, clock } = scripted({ commit: () => answer.promise })
    const scope = new WorkScope({}, clock)
    const result = scope.run(() =>
      db.transaction(async (tx) => {
        tx.afterCommit(() => db.query("insert into outbox default values"))
        return tx.query("insert into users default values")
      }),
    )
    await clock.settle()
    scope.abort()
    await clock.settle()
    answer.resolve(undefined)
    expect((await result).isOk()).toBe(true)
    const { sql, options } = engine.asked.at(-1) ?? {}
    expect([sql, options]).toEqual(["insert into outbox default values", {}])
  })

  it("whose time is up says so of each operation, with the time that it had, and begins no transaction", async () => {
    const { db, engine, clock } = scripted()
    const scope = new WorkScope({ timeoutMs: 500 }, clock)
    const running = scope.run(() => db.transaction(() => new Promise<never>(() => {})))
    await clock.advance(500)
    expect(
      await running.match(
        () => "",
        ({ message }) => message,
      ),
    ).toMatch(/not done within 500 ms/)
    const log = engine.log.length
    const late = await scope.run(() => db.transaction(async () => ok(1)))
    expect(
      late.match(
        () => "",
        ({ kind }) => kind,
      ),
    ).toBe("transaction_timeout")
    expect(engine.log.length).toBe(log)
  })

  it("says what was left open, by name, and ends it", async () => {
    const { db, engine, clock } = scripted({
      async *chunks() {
        yield { ok: true, value: [{ id: 1 }], attempts: 1 }
        yield { ok: true, value: [{ id: 2 }], attempts: 1 }
      },
    })
    const scope = new WorkScope({}, clock)
    await scope.run(async () => {
      void db.transaction(
        async (tx) => {
          await tx.query("select 1")
          return new Promise<never>(() => {})
        },
        { name: "pay" },
      )
      void db.withConnection(() => new Promise<never>(() => {}))
      const rows = db.stream(db.selectFrom("users").selectAll(), { name: "export" })[Symbol.asyncIterator]()
      await rows.next()
      await db.query("select 2")
      await clock.settle()
    })
    expect(scope.holding).toBe(true)
    const { leftBehind } = scope.end()
    expect(names(leftBehind)).toEqual([
      ["transaction", "pay"],
      ["connection", undefined],
      ["stream", "export"],
    ])
    const streamed = engine.asked.find(({ options }) => options.label === "export")
    expect(streamed?.options.signal?.aborted).toBe(true)
    expect(scope.signal.aborted).toBe(false)
    await clock.settle()
    expect(engine.held).toBe(0)
    expect(scope.end().leftBehind).toEqual([])
  })

  it("says nothing of what has ended, however it did", async () => {
    const { db, clock } = scripted({
      async *chunks() {
        yield { ok: true, value: [{ id: 1 }], attempts: 1 }
      },
    })
    const scope = new WorkScope({}, clock)
    await scope.run(async () => {
      await db.transaction(async () => ok(1))
      void (await db.transaction(async () => err("no"))).isErr()
      const thrown = await db.transaction(async () => {
        throw new Error("no")
      })
      expect(thrown.isErr()).toBe(true)
      await db.withConnection(async () => ok(1))
      await db.forEach(db.selectFrom("users").selectAll(), () => {})
      for await (const _ of db.stream(db.selectFrom("users").selectAll())) break
    })
    expect(scope.end().leftBehind).toEqual([])
  })

  it("that is over is none: a timer that was set in it goes on by itself", async () => {
    const { db, engine, clock } = scripted()
    const scope = new WorkScope({ timeoutMs: 10 }, clock)
    const later = Promise.withResolvers<void>()
    const running = scope.run(async () => {
      await later.promise
      return db.query("select 1")
    })
    scope.abort()
    scope.end()
    later.resolve()
    expect((await running).isOk()).toBe(true)
    expect(engine.asked[0]?.options).toEqual({})
  })

  it("inside of another has the shorter time, and ends with it", async () => {
    const clock = new FakeClock()
    const outer = new WorkScope({ timeoutMs: 100 }, clock)
    const inner = outer.run(() => new WorkScope({ timeoutMs: 500 }, clock))
    const short = outer.run(() => new WorkScope({ timeoutMs: 50 }, clock))
    expect([inner.remainingMs, short.remainingMs]).toEqual([100, 50])
    outer.run(() =>
      inner.run(() => {
        expect(currentScope()).toBe(inner)
        inner.end()
        expect(currentScope()).toBe(outer)
        expect(outsideScope(() => currentScope())).toBe(undefined)
      }),
    )
    outer.abort("gone")
    expect([inner.signal.aborted, short.signal.reason]).toEqual([false, "gone"])
  })

  it("whose own signal is aborted already is aborted", () => {
    expect(new WorkScope({ signal: AbortSignal.abort("gone") }).signal.reason).toBe("gone")
  })
})

describe("a scope that watches for repetitions", () => {
  const feed = async (times: number, how: "in a row" | "at once", watched = true) => {
    const { db, clock } = scripted({}, { errors: { callSite: true } })
    const scope = new WorkScope({ watchRepetitions: watched }, clock)
    await scope.run(async () => {
      const one = (id: number) => db.maybeOne(db.selectFrom("users").selectAll().where("id", "=", id))
      if (how === "at once") await Promise.all(Array.from({ length: times }, (_, id) => one(id)))
      else for (let id = 0; id < times; id += 1) await one(id)
    })
    return scope.end().repetitions
  }

  it("names the place, the text and how often, from five in a row on", async () => {
    expect(await feed(7, "in a row")).toEqual([
      {
        times: 7,
        sql: 'select * from "users" where "id" = $1',
        callSite: expect.stringMatching(/work-scope\.test\.ts:\d+:\d+$/),
      },
    ])
    expect(await feed(5, "in a row")).toHaveLength(1)
    expect(await feed(4, "in a row")).toEqual([])
  })

  it("says nothing of reads that run side by side, or if nobody wants to know", async () => {
    expect(await feed(20, "at once")).toEqual([])
    expect(await feed(20, "in a row", false)).toEqual([])
  })

  it("tells places apart, and passes over writes", async () => {
    const { db, clock } = scripted({}, { errors: { callSite: true } })
    const scope = new WorkScope({ watchRepetitions: true }, clock)
    await scope.run(async () => {
      const query = db.selectFrom("users").selectAll()
      await db.all(query)
      await db.all(query)
      await db.all(query)
      await db.all(query)
      await db.all(query)
      for (let n = 0; n < 9; n += 1) await db.exec(db.deleteFrom("users").where("id", "=", n))
    })
    expect(scope.end().repetitions).toEqual([])
  })
})

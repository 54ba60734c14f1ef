import { isDatabaseError, unsafeDriverError, type Tx } from "@kysely-resilient/core"
import { err, ok, type Result } from "neverthrow"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"
import { scripted, type Shop } from "../../../support/scripted-database.ts"
import { conflict, failure } from "../../../support/scripted-engine.ts"

const touch = (db: Tx<Shop>) => db.exec(db.updateTable("posts").set({ title: "t" }))
const forever = new Promise<never>(() => {})

describe("the end of the callback", () => {
  it("Ok commits, gives back the lease, and is the answer", async () => {
    const { db, engine } = scripted()
    const result = await db.transaction(async (tx) => (await touch(tx)).map(() => "done"))
    expect(valueOf(result)).toBe("done")
    expect(engine.log).toEqual(["1: begin", '1: update "posts" set "title" = $1', "1: commit", "1: release"])
  })

  it("Err rolls back and is the answer, be it an error or anything else", async () => {
    const { db, engine } = scripted()
    const result = await db.transaction(async () => err("no money" as const))
    expect(errorOf(result)).toBe("no money")
    expect(engine.log).toEqual(["1: begin", "1: rollback (caller)", "1: release"])
  })

  it("takes what a callback that is not async returns, Results and ResultAsyncs alike", async () => {
    const { db } = scripted()
    expect(valueOf(await db.transaction(() => ok(1)))).toBe(1)
    expect(valueOf(await db.transaction((tx) => touch(tx)))).toEqual({ affected: 0n })
  })

  it.each([
    [
      "throws",
      () => {
        throw new Error("secret")
      },
    ],
    ["rejects", () => Promise.reject(new Error("secret"))],
    [
      "throws undefined",
      () => {
        throw undefined
      },
    ],
    [
      "throws what cannot be printed",
      () => {
        throw {
          toString() {
            throw new Error("secret")
          },
          get message() {
            throw new Error("secret")
          },
        }
      },
    ],
    ["answers nothing", () => undefined],
    [
      "answers what only looks like a promise",
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- on purpose
        then() {
          throw new Error("secret")
        },
      }),
    ],
    [
      "answers a Result whose getters throw",
      () => ({
        isOk: () => true,
        get value() {
          throw new Error("secret")
        },
      }),
    ],
    ["answers a Result that is neither", () => ({ isOk: () => false })],
  ])("a callback that %s is rolled back and answers callback_threw", async (_, body) => {
    const { db, engine } = scripted()
    // @ts-expect-error what types forbid, JavaScript does not
    const error: unknown = errorOf(await db.transaction(body))
    expect(error).toMatchObject({ kind: "callback_threw", category: "bug", effect: "not_applied", retry: "never" })
    expect(String(error)).not.toContain("secret")
    expect(engine.log).toEqual(["1: begin", "1: rollback (failed)", "1: release"])
  })

  it("keeps what was thrown for whoever asks for it, and tells on.defect", async () => {
    const thrown = new Error("boom")
    const defects: unknown[] = []
    const { db } = scripted({}, { on: { defect: (error) => void defects.push(error) } })
    const error = errorOf(await db.transaction(async () => Promise.reject(thrown)))
    expect(unsafeDriverError(error)).toBe(thrown)
    expect(defects).toEqual([error])
  })

  it("does not mind an on.defect that throws", async () => {
    const { db } = scripted(
      {},
      {
        on: {
          defect: () => {
            throw new Error("again")
          },
        },
      },
    )
    expect(errorOf(await db.transaction(() => Promise.reject(new Error("boom"))))).toMatchObject({
      kind: "callback_threw",
    })
  })
})

describe("a failed statement", () => {
  it("makes the transaction fail even if the callback passes over it, and is named by the error", async () => {
    const { db, engine } = scripted({
      statement: () => ({ fails: failure("check_violation", { constraint: "positive", sqlState: "23514" }) }),
    })
    const error = errorOf(
      await db.transaction(async (tx) => {
        errorOf(await touch(tx))
        return ok("fine")
      }),
    )
    expect(error).toMatchObject({
      kind: "transaction_aborted",
      effect: "not_applied",
      first: { kind: "check_violation", constraint: "positive", query: { sql: 'update "posts" set "title" = $1' } },
    })
    expect(error.message).toMatch(/a statement in it had failed: check_violation of: update "posts" set "title" = \$1/)
    expect(engine.held).toBe(0)
  })

  it("is named by what it is called, if it has a name, and also where a later statement is refused for it", async () => {
    const { db } = scripted({
      statement: ({ sql }) => ({
        fails: failure(sql.startsWith("select") ? "transaction_aborted" : "check_violation"),
      }),
    })
    const errors: unknown[] = []
    const committed = await db.transaction(async (tx) => {
      errorOf(await tx.exec(db.updateTable("posts").set({ title: "t" }), { name: "posts.retitle" }))
      errors.push(errorOf(await tx.all(db.selectFrom("users").select("id"))))
      return ok("fine")
    })
    for (const error of [...errors, errorOf(committed)]) {
      expect(error).toMatchObject({
        kind: "transaction_aborted",
        first: { kind: "check_violation" },
        message: expect.stringContaining('had failed: check_violation, query "posts.retitle"') as unknown,
      })
    }
  })

  it("that the callback returns is the answer, and the very error it was given", async () => {
    const { db } = scripted({ statement: () => ({ fails: failure("check_violation") }) })
    let seen: unknown
    const result = await db.transaction(async (tx) => {
      const touched = await touch(tx)
      seen = errorOf(touched)
      return touched
    })
    expect(errorOf(result)).toBe(seen)
  })
})

describe("COMMIT", () => {
  it("that nobody answered is an Err of unknown effect, and nothing is done again", async () => {
    const { db, engine } = scripted({
      commit: () => failure("connection_failed", { effect: "unknown", retry: "transaction" }),
    })
    const error = errorOf(await db.transaction(async (tx) => touch(tx), { name: "place-order" }))
    expect(error).toMatchObject({
      kind: "connection_failed",
      effect: "unknown",
      retry: "never",
      because: "effect-unknown",
      attempts: 1,
    })
    expect(error.message).toContain("place-order")
    expect(engine.log.filter((line) => line.endsWith("begin"))).toHaveLength(1)
  })

  it("that is confirmed only here is an Err with the value in it, and not to be retried", async () => {
    const { db } = scripted({ commit: () => failure("replication_unconfirmed", { effect: "applied_locally" }) })
    const todo: string[] = []
    const error = errorOf(
      await db.transaction(async (tx) => {
        tx.afterCommit(() => todo.push("mail"))
        return ok({ order: 7 })
      }),
    )
    expect(error).toMatchObject({ effect: "applied_locally", retry: "never" })
    expect(error.value).toEqual({ order: 7 })
    expect(todo).toEqual([])
  })

  it("that fails on a deferred constraint is that constraint's error", async () => {
    const { db } = scripted({
      commit: () => failure("foreign_key_violation", { constraint: "posts_author_fk", sqlState: "23503" }),
    })
    const error = errorOf(await db.transaction(async () => ok(1)))
    expect(error).toMatchObject({
      kind: "foreign_key_violation",
      constraint: "posts_author_fk",
      because: "not-transient",
    })
  })
})

it("nobody is told of a transaction that was committed at once", async () => {
  const { db, engine } = scripted({})
  valueOf(await db.transaction(async () => ok(1)))
  expect(engine.told).toEqual([])
})

describe("who is told that a transaction failed", () => {
  it.each([
    [
      "a lost connection that is not tried again",
      failure("connection_failed", { blame: "server" }),
      ["transaction.failed"],
    ],
    [
      "a COMMIT of which nobody knows",
      failure("connection_failed", { effect: "unknown", phase: "commit" }),
      ["transaction.failed"],
    ],
    ["a conflict that is not tried again", conflict(), ["transaction.failed"]],
    ["a constraint that says no", failure("unique_violation", { sqlState: "23505", blame: "statement" }), []],
  ])("%s", async (_, commit, told) => {
    const { db, engine } = scripted({ commit: () => commit })
    const error = errorOf(await db.transaction(async () => ok(1), { retry: false }))
    expect(engine.told.map(({ name }) => name)).toEqual(told)
    for (const one of engine.told) expect(one).toMatchObject({ attempts: 1, failure: { effect: error.effect } })
  })

  it("a deadline that has passed", async () => {
    const { db, engine, clock } = scripted({})
    const running = db.transaction(() => new Promise<never>(() => {}), { timeoutMs: 50 })
    await clock.advance(50)
    errorOf(await running)
    expect(engine.told).toMatchObject([
      { name: "transaction.failed", failure: { kind: "transaction_timeout" }, because: "deadline-near" },
    ])
  })
})

describe("a conflict", () => {
  /** Statements conflict on the first `times` leases. */
  const conflictsOn = (times: number, facts = {}) => ({
    statement: ({ lease }: { lease: number }) => (lease <= times ? { fails: conflict(facts) } : { affected: 1n }),
  })

  it("runs the whole callback again, on a new lease, after a short wait", async () => {
    const { db, engine, clock } = scripted(conflictsOn(2))
    const attempts: number[] = []
    const running = db.transaction(async (tx) => {
      attempts.push(tx.attempt)
      return touch(tx)
    })
    await clock.settle()
    expect(attempts).toEqual([1])
    expect(engine.held).toBe(0)
    await clock.advance(5)
    expect(attempts).toEqual([1, 2])
    await clock.advance(10)
    expect(valueOf(await running)).toEqual({ affected: 1n })
    expect(attempts).toEqual([1, 2, 3])
    expect(engine.told).toMatchObject([
      { name: "transaction.rerun", attempt: 1, delayMs: 5 },
      { name: "transaction.rerun", attempt: 2, delayMs: 10 },
      { name: "transaction.recovered", attempts: 3, durationMs: 15 },
    ])
    expect(clock.timers.foreground).toBe(0)
  })

  it("that does not end is told once it has ended for good", async () => {
    const { db, engine, clock } = scripted(conflictsOn(9))
    const running = db.transaction(touch, { name: "pay" })
    await clock.advance(5)
    await clock.advance(10)
    errorOf(await running)
    expect(engine.told.map(({ name }) => name)).toEqual([
      "transaction.rerun",
      "transaction.rerun",
      "transaction.failed",
    ])
    expect(engine.told.at(-1)).toMatchObject({ attempts: 3, because: "attempts-spent", durationMs: 15, label: "pay" })
  })

  it("is seen on the lease, whatever the callback makes of it", async () => {
    for (const ending of [ok("fine"), err("gave up"), "throw"] as const) {
      const { db, clock } = scripted(conflictsOn(1))
      const running = db.transaction(async (tx): Promise<Result<string, string>> => {
        const touched = await touch(tx)
        if (touched.isOk()) return ok("second run")
        if (ending === "throw") throw new Error("gave up loudly")
        return ending
      })
      await clock.advance(5)
      expect(valueOf(await running)).toBe("second run")
    }
  })

  it("at COMMIT runs it again too", async () => {
    const { db, clock } = scripted({ commit: (lease) => (lease === 1 ? conflict({ phase: "commit" }) : undefined) })
    const running = db.transaction(async (tx) => ok(tx.attempt))
    await clock.advance(5)
    expect(valueOf(await running)).toBe(2)
  })

  it("waits longer after a lost connection than after a conflict", async () => {
    const { db, engine, clock } = scripted(conflictsOn(1, { kind: "connection_failed", pace: "slow" }))
    const running = db.transaction(touch)
    await clock.advance(249)
    expect(engine.told).toMatchObject([{ delayMs: 250 }])
    expect(engine.log).not.toContain("2: begin")
    await clock.advance(1)
    expect((await running).isOk()).toBe(true)
  })

  it("leaves it to the engine to end the wait for a server that was away", async () => {
    const away = { kind: "connection_failed", blame: "server", pace: "slow" }
    const { db, engine, clock } = scripted(conflictsOn(1, away))
    const running = db.transaction(touch)
    await clock.settle()
    expect(engine.rests).toMatchObject([{ failure: away, leastMs: 5, mostMs: 250 }])
    await clock.advance(250)
    expect((await running).isOk()).toBe(true)
  })

  it("waits for such a server no longer than its deadline, and then tells what it waited for", async () => {
    const { db, engine, clock } = scripted(conflictsOn(1, { kind: "server_starting", blame: "server", pace: "slow" }))
    const running = db.transaction(touch, { timeoutMs: 100 })
    await clock.advance(100)
    expect(errorOf(await running)).toMatchObject({ kind: "server_starting", effect: "not_applied" })
    expect(engine.log).not.toContain("2: begin")
  })

  it("does not run again when the retries that all share are spent", async () => {
    const { db, engine, clock } = scripted({ ...conflictsOn(9), commit: () => conflict(), retriesSpent: true })
    const running = db.transaction(async () => ok(1))
    await clock.advance(1_000)
    expect(errorOf(await running)).toMatchObject({
      kind: "serialization_failure",
      because: "budget-spent",
      attempts: 1,
    })
    expect(engine.log).not.toContain("2: begin")
  })

  it("is an Err in the end, with what the last run said", async () => {
    const { db, engine, clock } = scripted(conflictsOn(9))
    const running = db.transaction(touch)
    await clock.advance(1_000)
    const error = errorOf(await running)
    expect(error).toMatchObject({ kind: "serialization_failure", retry: "transaction" })
    expect(engine.log.filter((line) => line.endsWith("begin"))).toHaveLength(3)
    // How often the callback ran, and why not once more: not what the statement knew of itself.
    expect(error).toMatchObject({ attempts: 3, because: "attempts-spent" })
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ attempts: 3, because: "attempts-spent" })
    expect(Object.keys(error)).toEqual(expect.arrayContaining(["attempts", "because"]))
  })

  it("that leads to another error in the next run is counted there too", async () => {
    const { db, clock } = scripted({
      statement: ({ lease }) => ({ fails: lease === 1 ? conflict() : failure("check_violation") }),
    })
    const running = db.transaction(touch)
    await clock.advance(1_000)
    expect(errorOf(await running)).toMatchObject({ kind: "check_violation", attempts: 2, because: "not-transient" })
  })

  it("that may not run it again says why", async () => {
    const { db } = scripted(conflictsOn(9))
    expect(errorOf(await db.transaction(touch, { retry: false }))).toMatchObject({
      attempts: 1,
      because: "switched-off",
    })
  })

  it.each([
    [{ retry: false }, 1],
    [{ retry: { attemptsMax: 1 } }, 1],
    [{ retry: { attemptsMax: 5 } }, 5],
  ] as const)("runs with %j at most %i times", async (options, times) => {
    const { db, engine, clock } = scripted(conflictsOn(9))
    const running = db.transaction(touch, options)
    await clock.advance(10_000)
    expect((await running).isErr()).toBe(true)
    expect(engine.log.filter((line) => line.endsWith("begin"))).toHaveLength(times)
  })

  it("does not run again when its caller gives up during the wait", async () => {
    const { db, engine, clock } = scripted(conflictsOn(9, { pace: "slow" }))
    const controller = new AbortController()
    const running = db.transaction(touch, { signal: controller.signal })
    await clock.advance(100)
    controller.abort()
    expect(errorOf(await running)).toMatchObject({ kind: "aborted", effect: "not_applied", attempts: 1 })
    expect(engine.log).not.toContain("2: begin")
    expect(clock.timers.foreground).toBe(0)
  })

  it("shares one deadline with all its runs", async () => {
    const { db, engine, clock } = scripted(conflictsOn(9, { pace: "slow" }))
    const running = db.transaction(touch, { timeoutMs: 600 })
    await clock.advance(1_000)
    // 250 ms fit, and the 500 ms after that do not.
    expect((await running).isErr()).toBe(true)
    expect(engine.begun.map((settings) => settings.deadline?.limitMs)).toEqual([600, 600])
    expect(new Set(engine.begun.map((settings) => settings.deadline?.at)).size).toBe(1)
  })

  it("never runs it again while the previous run has not ended", async () => {
    const { db, engine, clock } = scripted(conflictsOn(9))
    const running = db.transaction(async (tx) => {
      errorOf(await touch(tx))
      return forever
    })
    await clock.advance(29_999)
    expect(engine.log.filter((line) => line.endsWith("begin"))).toHaveLength(1)
    await clock.advance(1)
    expect(errorOf(await running)).toMatchObject({ kind: "transaction_timeout", attempts: 1 })
    expect(engine.log.filter((line) => line.endsWith("begin"))).toHaveLength(1)
  })
})

describe("a callback that never returns", () => {
  it("is ended at the deadline, and what it does from then on is refused", async () => {
    const { db, engine, clock } = scripted()
    let orphan: Tx<Shop> | undefined
    let signal: AbortSignal | undefined
    const running = db.transaction(async (tx) => {
      orphan = tx
      signal = tx.signal
      await touch(tx)
      return forever
    })
    await clock.advance(29_999)
    expect(signal?.aborted).toBe(false)
    await clock.advance(1)
    const error = errorOf(await running)
    expect(error).toMatchObject({ kind: "transaction_timeout", category: "limit", effect: "not_applied" })
    expect(error.message).toContain("30000 ms")
    expect(engine.log.slice(2)).toEqual(["1: rollback (deadline)", "1: release"])
    expect(signal?.aborted).toBe(true)
    expect(signal?.reason).toMatchObject({ name: "TimeoutError" })
    expect(orphan?.signal.aborted).toBe(true)

    const sent = engine.log.length
    for (const late of [
      await orphan?.all(db.selectFrom("users").selectAll()),
      await orphan?.savepoint(async () => ok(1)),
      await orphan?.query("select 1"),
    ]) {
      expect(errorOf(late)).toMatchObject({ kind: "refused", effect: "not_applied" })
    }
    expect(engine.log).toHaveLength(sent)
  })

  it("is told at the deadline even if the rollback takes longer", async () => {
    const { db, engine, clock } = scripted({ rollback: () => forever })
    const running = db.transaction(() => forever, { timeoutMs: 50 })
    await clock.advance(50)
    expect(errorOf(await running)).toMatchObject({ kind: "transaction_timeout" })
    expect(engine.held).toBe(1)
  })

  it("may reject later without anybody being surprised", async () => {
    const { db, clock } = scripted()
    let reject: (reason: unknown) => void = () => {}
    const running = db.transaction(() => new Promise<never>((_, no) => (reject = no)), { timeoutMs: 50 })
    await clock.advance(50)
    expect((await running).isErr()).toBe(true)
    reject(new Error("late"))
    await clock.settle()
  })

  it("is ended by its signal too", async () => {
    const { db, engine, clock } = scripted()
    const controller = new AbortController()
    const running = db.transaction(() => forever, { signal: controller.signal })
    await clock.settle()
    controller.abort(new Error("secret"))
    const error = errorOf(await running)
    expect(error).toMatchObject({ kind: "aborted", effect: "not_applied" })
    expect(JSON.stringify(error)).not.toContain("secret")
    await clock.settle()
    expect(engine.log).toEqual(["1: begin", "1: rollback (caller)", "1: release"])
    expect(clock.timers.foreground).toBe(0)
  })

  it("does not begin when its signal has fired before", async () => {
    const { db, engine } = scripted()
    const error = errorOf(await db.transaction(async () => ok(1), { signal: AbortSignal.abort() }))
    expect(error).toMatchObject({ kind: "aborted", attempts: 0 })
    expect(engine.log).toEqual([])
  })
})

describe("the handle", () => {
  it("refuses everything after the end, and says why", async () => {
    const { db, engine } = scripted()
    let kept: Tx<Shop> | undefined
    await db.transaction(async (tx) => {
      kept = tx
      return ok(1)
    })
    const sent = engine.log.length
    const late = errorOf(await kept?.exec(db.deleteFrom("users")))
    expect(late).toMatchObject({ kind: "refused", effect: "not_applied" })
    expect(late?.message).toContain("the transaction is over".replace("the", "The"))
    expect(engine.log).toHaveLength(sent)
    expect(kept?.signal.aborted).toBe(true)
  })

  it("may be used concurrently: statements keep the order of asking", async () => {
    const { db, engine } = scripted()
    await db.transaction(async (tx) => {
      await Promise.all([1, 2, 3].map((id) => tx.exec(db.deleteFrom("users").where("id", "=", id))))
      return ok(1)
    })
    expect(engine.asked.map(({ parameters }) => parameters[0])).toEqual([1, 2, 3])
  })

  it("passes isolation, access mode, name and limits on", async () => {
    const { db, engine } = scripted()
    await db.transaction(async () => ok(1), {
      isolation: "serializable",
      accessMode: "read only",
      deferrable: true,
      lockTimeoutMs: 200,
      name: "report",
      timeoutMs: 9,
    })
    expect(engine.begun).toMatchObject([
      {
        isolation: "serializable",
        accessMode: "read only",
        deferrable: true,
        lockTimeoutMs: 200,
        label: "report",
        deadline: { limitMs: 9 },
      },
    ])
  })

  it.each([
    { isolation: "serializable; drop table users" },
    { accessMode: "anything" },
    { timeoutMs: -1 },
    { lockTimeoutMs: Number.NaN },
    { retry: { attemptsMax: 0 } },
    { signal: "now" },
  ])("is never made for options that cannot be right: %j", async (options) => {
    const { db, engine } = scripted()
    // @ts-expect-error what types forbid, JavaScript does not
    const error: unknown = errorOf(await db.transaction(async () => ok(1), options))
    expect(isDatabaseError(error) && error.kind).toBe("refused")
    expect(engine.log).toEqual([])
  })
})

describe("afterCommit", () => {
  it("runs in the order of asking, once the COMMIT is known and the connection is back", async () => {
    const { db, engine } = scripted()
    await db.transaction(async (tx) => {
      tx.afterCommit(async () => {
        await Promise.resolve()
        engine.log.push("first")
      })
      tx.afterCommit(() => engine.log.push("second"))
      return ok(1)
    })
    expect(engine.log).toEqual(["1: begin", "1: commit", "1: release", "first", "second"])
  })

  it("is for the run that committed only", async () => {
    const { db, clock } = scripted({ commit: (lease) => (lease === 1 ? conflict() : undefined) })
    const done: number[] = []
    const running = db.transaction(async (tx) => {
      tx.afterCommit(() => done.push(tx.attempt))
      return ok(1)
    })
    await clock.advance(5)
    await running
    expect(done).toEqual([2])
  })

  it.each([
    ["an Err", async () => err("no")],
    ["a throw", () => Promise.reject(new Error("no"))],
  ])("does not run after %s", async (_, ending) => {
    const { db } = scripted()
    const done: string[] = []
    const ended = await db.transaction(async (tx): Promise<Result<never, string>> => {
      tx.afterCommit(() => done.push("mail"))
      return ending()
    })
    expect(ended.isErr()).toBe(true)
    expect(done).toEqual([])
  })

  it("that throws changes no Result, stops no other, and is told to on.defect", async () => {
    const defects: unknown[] = []
    const { db } = scripted({}, { on: { defect: (error) => void defects.push(unsafeDriverError(error)) } })
    const done: string[] = []
    const result = await db.transaction(async (tx) => {
      tx.afterCommit(() => {
        throw new Error("sync")
      })
      tx.afterCommit(() => Promise.reject(new Error("async")))
      tx.afterCommit(() => done.push("mail"))
      return ok(1)
    })
    expect(valueOf(result)).toBe(1)
    expect(done).toEqual(["mail"])
    expect(defects).toEqual([new Error("sync"), new Error("async")])
  })

  it("holds the answer no longer than the deadline", async () => {
    const { db, clock } = scripted()
    const running = db.transaction(
      async (tx) => {
        tx.afterCommit(() => forever)
        return ok("committed")
      },
      { timeoutMs: 50 },
    )
    await clock.advance(50)
    expect(valueOf(await running)).toBe("committed")
  })
})

describe("the effect of an error whose statement succeeded", () => {
  const none = (db: Pick<Tx<Shop>, "one" | "selectFrom">) => db.one(db.selectFrom("users").select("id"))

  it("is not_applied in a transaction that its callback rolls back with it", async () => {
    const { db } = scripted()
    expect(errorOf(await db.transaction((tx) => none(tx)))).toMatchObject({ kind: "no_row", effect: "not_applied" })
  })

  it("is not_applied in a savepoint", async () => {
    const { db } = scripted()
    const result = await db.transaction(async (tx) => ok(errorOf(await tx.savepoint((part) => none(part)))))
    expect(valueOf(result)).toMatchObject({ kind: "no_row", effect: "not_applied" })
  })

  it("is not_applied for a row that its visitor throws at", async () => {
    const { db } = scripted({
      async *chunks() {
        yield { ok: true, value: [{ id: 1 }], attempts: 1 }
      },
    })
    const visited = await db.transaction((tx) =>
      tx.forEach(tx.selectFrom("users").select("id"), () => {
        throw new Error("seen enough")
      }),
    )
    expect(errorOf(visited)).toMatchObject({ kind: "callback_threw", effect: "not_applied" })
  })

  it("is not_applied between a raw BEGIN and COMMIT, and applied outside of them and outside of a transaction", async () => {
    const { db } = scripted()
    expect(errorOf(await none(db))).toMatchObject({ effect: "applied" })
    const inside = await db.withConnection(async (session) => {
      const before = errorOf(await none(session))
      await session.query("begin")
      const within = errorOf(await none(session))
      await session.query("commit")
      return ok([before.effect, within.effect, errorOf(await none(session)).effect])
    })
    expect(valueOf(inside)).toEqual(["applied", "not_applied", "applied"])
  })
})

describe("the journal of a transaction that ran more than once", () => {
  const contended = { statement: () => ({ fails: conflict() }) }

  it("is in the error of the statement that ended it, with what each run failed with and how long the next was waited for", async () => {
    const { db, clock } = scripted(contended)
    const running = db.transaction((tx) => touch(tx))
    await clock.advance(100)
    const error = errorOf(await running)
    const run = {
      kind: "serialization_failure",
      sqlState: "40001",
      phase: "transaction",
      effect: "not_applied",
      tookMs: 0,
    }
    expect(error.journal).toEqual([{ ...run, waitedMs: 5 }, { ...run, waitedMs: 10 }, run])
    expect(error.toJSON()).toMatchObject({ journal: error.journal })
    expect(Object.keys(error)).not.toContain("journal")
  })

  it("is in the transaction's own error, where COMMIT failed", async () => {
    const { db, clock } = scripted({ commit: () => conflict({ phase: "commit" }) })
    const running = db.transaction((tx) => touch(tx))
    await clock.advance(100)
    const error = errorOf(await running)
    expect(error.journal.map(({ phase, waitedMs }) => [phase, waitedMs])).toEqual([
      ["commit", 5],
      ["commit", 10],
      ["commit", undefined],
    ])
    expect(error).toMatchObject({ attempts: 3, because: "attempts-spent" })
  })

  it("touches no error that is not ours, and none of a transaction that ran once", async () => {
    const { db, clock } = scripted(contended)
    const mine = Object.freeze({ mine: true })
    const running = db.transaction(async (tx) => (await touch(tx)).mapErr(() => mine))
    await clock.advance(100)
    expect(errorOf(await running)).toBe(mine)
    const once = errorOf(await db.transaction((tx) => touch(tx), { retry: false }))
    expect(once.journal).toEqual([])
    expect(once.toJSON()).not.toHaveProperty("journal")
  })
})

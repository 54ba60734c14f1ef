import type { Session } from "@kysely-resilient/core"
import { err, ok } from "neverthrow"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"
import { scripted, type Shop } from "../../../support/scripted-database.ts"
import { conflict, failure } from "../../../support/scripted-engine.ts"

const forever = new Promise<never>(() => {})

describe("withConnection", () => {
  it("runs everything on one connection, raw transaction control too, and gives it back", async () => {
    const { db, engine } = scripted()
    const result = await db.withConnection(async (session) => {
      await session.query("begin")
      await session.exec(session.deleteFrom("users"))
      await session.query("commit")
      return ok("done")
    })
    expect(valueOf(result)).toBe("done")
    expect(engine.log).toEqual(["1: begin", '1: delete from "users"', "1: commit", "1: release"])
  })

  it.each([
    ["an Err", async () => err("no" as const), "no"],
    ["a throw", () => Promise.reject(new Error("secret")), { kind: "callback_threw", effect: "unknown" }],
  ])("gives it back after %s", async (_, body, expected) => {
    const { db, engine } = scripted()
    const error: unknown = errorOf(await db.withConnection(body))
    if (typeof expected === "string") expect(error).toBe(expected)
    else expect(error).toMatchObject(expected)
    expect(engine.held).toBe(0)
  })

  it("refuses its handle afterwards", async () => {
    const { db, engine } = scripted()
    let kept: Session<Shop> | undefined
    await db.withConnection(async (session) => ok(void (kept = session)))
    const late = await kept?.all(db.selectFrom("users").selectAll())
    expect(errorOf(late)).toMatchObject({ kind: "refused" })
    expect(engine.log).toEqual(["1: release"])
  })

  it("is ended by its timeout or its signal, whatever its callback does", async () => {
    const { db, engine, clock } = scripted()
    const timed = db.withConnection(() => forever, { timeoutMs: 100 })
    await clock.advance(100)
    expect(errorOf(await timed)).toMatchObject({ kind: "deadline_exceeded", effect: "unknown" })
    const controller = new AbortController()
    const aborted = db.withConnection(() => forever, { signal: controller.signal })
    controller.abort()
    expect(errorOf(await aborted)).toMatchObject({ kind: "aborted" })
    await clock.settle()
    expect(engine.held).toBe(0)
    expect(clock.timers.foreground).toBe(0)
  })

  it("has transactions on that connection, which run once", async () => {
    const { db, engine, clock } = scripted({ commit: () => conflict() })
    const running = db.withConnection((session) => session.atomic(async (tx) => ok(tx.attempt)))
    await clock.advance(10_000)
    expect(errorOf(await running)).toMatchObject({
      kind: "serialization_failure",
      because: "session-pinned",
    })
    expect(engine.log).toEqual(["1: begin", "1: commit", "1: release"])
  })

  it.each([
    [
      "nobody knows whether it was",
      failure("connection_failed", { effect: "unknown", retry: "transaction" }),
      "effect-unknown",
    ],
    ["it can never be", failure("check_violation"), "not-transient"],
  ])("says of a transaction that was not committed there that %s", async (_, commit, because) => {
    const { db, clock } = scripted({ commit: () => commit })
    const running = db.withConnection((session) => session.atomic(async (tx) => ok(tx.attempt)))
    await clock.advance(10_000)
    expect(errorOf(await running)).toMatchObject({ kind: commit.kind, because })
  })

  it("lets statements beside such a transaction wait for its end", async () => {
    const { db, engine } = scripted()
    await db.withConnection(async (session) => {
      await Promise.all([session.atomic((tx) => tx.query("inside")), session.query("outside")])
      return ok(1)
    })
    expect(engine.log).toEqual(["1: begin", "1: inside", "1: commit", "1: outside", "1: release"])
  })

  it("refuses a transaction of ours inside one of raw SQL, and allows it after that one's end", async () => {
    const { db } = scripted()
    await db.withConnection(async (session) => {
      await session.query("BEGIN")
      expect(errorOf(await session.atomic(async () => ok(1)))).toMatchObject({ kind: "refused" })
      await session.query("rollback")
      expect(valueOf(await session.atomic(async () => ok(1)))).toBe(1)
      return ok(1)
    })
  })

  it("ends such a transaction at its deadline, and then goes on", async () => {
    const { db, engine, clock } = scripted()
    const running = db.withConnection(async (session) => {
      const ended = await session.atomic(() => forever, { timeoutMs: 50 })
      expect(errorOf(ended)).toMatchObject({ kind: "transaction_timeout" })
      return ok("went on")
    })
    await clock.advance(50)
    expect(valueOf(await running)).toBe("went on")
    expect(engine.log).toEqual(["1: begin", "1: rollback (deadline)", "1: release"])
  })
})

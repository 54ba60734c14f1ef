// oxlint-disable typescript/no-floating-promises -- what is dropped here is dropped on purpose
import { join } from "node:path"
import { inspect } from "node:util"

import { attempt, toPromise, type Database, type DatabaseOptions } from "@kysely-resilient/core"
import { allUnseen, type DroppedError } from "@kysely-resilient/core/src/dropped/unseen.ts"
import { err, ok, ResultAsync, safeTry, type Result } from "neverthrow"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

import { garbageIsCollected } from "../../../support/garbage.ts"
import { runFile } from "../../../support/script.ts"
import { scripted, type Shop } from "../../../support/scripted-database.ts"
import { failure, type Script } from "../../../support/scripted-engine.ts"

const FAILING: Script = {
  statement: () => ({ fails: failure("unique_violation") }),
  async *chunks() {
    yield { ok: false, failure: failure("unique_violation"), attempts: 1, because: "not-transient" }
  },
}

let dropped: DroppedError[]
let db: Database<Shop>

function open(options: DatabaseOptions = {}): Database<Shop> {
  return scripted(FAILING, { on: { droppedError: (one) => void dropped.push(one) }, ...options }).db
}

beforeEach(() => {
  allUnseen().clear()
  dropped = []
  db = open()
})
afterEach(() => allUnseen().clear())

const query = (of = db) => of.all(of.selectFrom("users").selectAll())
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const LOOKS: Readonly<Record<string, (of: ResultAsync<unknown, unknown>) => unknown>> = {
  "isErr of an awaited": async (of) => (await of).isErr(),
  "isOk of an awaited": async (of) => (await of).isOk(),
  "the error of an awaited": async (of) => JSON.stringify(await of),
  "unwrapOr of an awaited": async (of) => (await of).unwrapOr(1),
  "match of an awaited": async (of) =>
    (await of).match(
      () => 1,
      () => 2,
    ),
  "mapErr of an awaited": async (of) => (await of).mapErr(() => 1),
  "orElse of an awaited": async (of) => (await of).orElse(() => ok(1)),
  "iterating an awaited": async (of) => {
    const result = await of
    return safeTry(function* () {
      return ok(yield* result)
    }).isErr()
  },
  match: (of) =>
    of.match(
      () => 1,
      () => 2,
    ),
  map: (of) => of.map(() => 1),
  mapErr: (of) => of.mapErr(() => 1),
  andThen: (of) => of.andThen(() => ok(1)),
  orElse: (of) => of.orElse(() => ok(1)),
  orTee: (of) => of.orTee(() => {}),
  unwrapOr: (of) => of.unwrapOr(1),
  combine: (of) => ResultAsync.combine([of]),
  safeTry: (of) =>
    safeTry(async function* () {
      return ok(yield* of)
    }).match(
      () => 1,
      () => 2,
    ),
  attempt: (of) =>
    attempt(async function* () {
      return yield* of
    }).match(
      () => 1,
      () => 2,
    ),
  toPromise: (of) => toPromise(of).catch(() => {}),
  "Promise.all": async (of) => (await Promise.all([of, Promise.resolve(1)]))[0].isErr(),
  "equality of an awaited": async (of) => expect(await of).not.toEqual(err(1)),
  "inspect of an awaited": async (of) => inspect(await of),
  "structuredClone of an awaited": async (of) => structuredClone(await of),
  "a transaction that it is passed on to": (of) =>
    db
      .transaction(async () => of)
      .match(
        () => 1,
        () => 2,
      ),
}

describe("an Err that somebody looks at", () => {
  it.each(Object.entries(LOOKS))("is not reported: %s", async (_, look) => {
    await look(query())
    await settled()
    expect(allUnseen().size).toBe(0)
  })

  it("late is looked at all the same: operations are often begun together and awaited one by one", async () => {
    const [first, second] = [query(), query()]
    await garbageIsCollected()
    expect((await first).isErr()).toBe(true)
    await garbageIsCollected()
    const kept = await second
    await garbageIsCollected()
    expect(dropped).toEqual([])
    expect(kept.isErr()).toBe(true)
    expect(allUnseen().size).toBe(0)
  })

  it("is as every other one: printed, compared, walked and copied", async () => {
    const plain = err(
      (await query()).match(
        () => undefined,
        (error) => error,
      ),
    )
    const looked = [await query(), await query()]
    for (const one of looked) {
      expect(inspect(one)).toMatch(/^Err \{\s+error: DatabaseError: unique_violation/)
      expect(Object.keys(one)).toEqual(Object.keys(plain))
      expect(Reflect.ownKeys(one)).toEqual(Reflect.ownKeys(plain))
    }
    expect(Object.keys(await query())).toEqual(Object.keys(plain))
    expect(JSON.parse(JSON.stringify(await query()))).toMatchObject({ error: { kind: "unique_violation" } })
    expect(await query()).toBeInstanceOf(plain.constructor)
  })
})

describe("an Err that nobody looks at", () => {
  it("is reported when it is gone, with where it came from", async () => {
    const callAndForget = async (): Promise<void> => {
      await query()
    }
    await callAndForget()
    expect(allUnseen().size).toBe(1)
    await garbageIsCollected()
    expect(dropped).toHaveLength(1)
    expect(dropped[0]?.callSite).toMatch(/unseen\.test\.ts:\d+:\d+$/)
    expect(dropped[0]?.error).toMatchObject({ kind: "unique_violation" })
    expect(dropped[0]?.message).toMatch(
      /^Nobody has looked at an Err, of the operation .*unseen\.test\.ts.*: unique_violation: /,
    )
    await garbageIsCollected()
    expect(dropped).toHaveLength(1)
  })

  it.each<[string, () => unknown]>([
    [
      "an operation that nobody awaits",
      () => {
        query()
      },
    ],
    [
      "an awaited one whose Result is dropped",
      async () => {
        await query()
      },
    ],
    [
      "raw SQL",
      () => {
        db.query("select 1")
      },
    ],
    [
      "a batch",
      () => {
        db.batch({ a: db.selectFrom("users").selectAll() })
      },
    ],
    [
      "a transaction",
      () => {
        db.transaction(async () => err("mine"))
      },
    ],
    [
      "a savepoint in one",
      () =>
        db.transaction(async (tx) => {
          await tx.savepoint(async () => err(1))
          return ok(1)
        }),
    ],
    [
      "a statement in one",
      () =>
        db
          .transaction(async (tx) => {
            await tx.exec(tx.deleteFrom("users"))
            return ok(1)
          })
          .unwrapOr(0),
    ],
    [
      "forEach",
      () => {
        db.forEach(db.selectFrom("users").selectAll(), () => {})
      },
    ],
    [
      "a stream whose Results are not looked at",
      async () => {
        for await (const _ of db.stream(db.selectFrom("users").selectAll())) continue
      },
    ],
    [
      "attempt",
      () => {
        attempt(async function* () {
          return yield* query()
        })
      },
    ],
    [
      "withConnection",
      () => {
        db.withConnection(async () => err(1))
      },
    ],
  ])("is found: %s", async (_, forget) => {
    await forget()
    await settled()
    await settled()
    expect(allUnseen().size).toBeGreaterThanOrEqual(1)
  })

  it("says nothing of what is in it, if that is no error of ours", async () => {
    db.transaction(async () => err({ secret: "4711" }))
    await settled()
    await settled()
    const [only] = allUnseen()
    expect(only?.dropped()?.message).toContain(": Object.")
    expect(only?.dropped()?.message).not.toContain("4711")
  })

  it("is no matter where void says so", async () => {
    void query(db)
    void db.query("select 1")
    await settled()
    const found = [...allUnseen()].map((one) => one.dropped())
    expect(found).toHaveLength(2)
    // The first one was called in `query`, the helper above.
    expect(found.filter((one) => one === undefined)).toHaveLength(1)
  })

  it("is a process warning by default", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {})
    db = open({ on: {} })
    const forget = async (): Promise<void> => {
      await query()
    }
    await forget()
    await garbageIsCollected()
    const warnings = warn.mock.calls.map(([message, options]) => [String(message), options] as const)
    warn.mockRestore()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.[0]).toMatch(/^Nobody has looked at an Err/)
    expect(warnings[0]?.[1]).toMatchObject({ type: "KyselyResilientWarning" })
  })

  it("is reported when the program ends by itself", async () => {
    const { code, output } = await runFile(join(import.meta.dirname, "fixtures/forgetful.ts"), {
      NODE_ENV: "development",
      DATABASE_URL: "",
    })
    expect(output).toMatch(
      /^told: Nobody has looked at an Err, of the operation that was called at file:.*forgetful\.ts:9:\d+: refused: .*\n$/,
    )
    expect(code).toBe(0)
  })

  it("is no concern of a hook that throws", async () => {
    db = open({
      on: {
        droppedError: () => {
          throw new Error("no")
        },
      },
    })
    const forget = async (): Promise<void> => {
      await query()
    }
    await forget()
    await garbageIsCollected()
    expect(allUnseen().size).toBe(0)
  })
})

describe("where it is off", () => {
  it("nothing is watched", async () => {
    db = open({ errors: { reportDropped: false } })
    const result: Result<unknown, unknown> = await query()
    expect(allUnseen().size).toBe(0)
    expect(Object.getOwnPropertyDescriptor(result, "error")).toHaveProperty("value")
  })

  it("as in production, unless it is asked for", async () => {
    vi.stubEnv("NODE_ENV", "production")
    try {
      db = open()
      await query()
      expect(allUnseen().size).toBe(0)
      db = open({ errors: { reportDropped: true } })
      await query()
      expect(allUnseen().size).toBe(1)
    } finally {
      vi.unstubAllEnvs()
    }
  })
})

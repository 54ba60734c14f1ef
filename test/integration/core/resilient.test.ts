import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"

import { resilient, type Database } from "@kysely-resilient/core"
import type { DriverEvent } from "@kysely-resilient/driver"
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { err, ok, ResultAsync } from "neverthrow"

import { compiled } from "../../support/compiled.ts"
import { errorOf, valueOf } from "../../support/results.ts"
import { testShop, type ShopDB } from "../../support/shop.ts"

const shop = testShop(import.meta.url)
const reruns: (string | undefined)[] = []
let db: Database<ShopDB>

beforeAll(async () => {
  // A sequence counts calls whatever becomes of their transactions.
  await shop.database.ask(`
    create sequence calls;
    create function conflict(until int) returns int language plpgsql as $$
    begin
      if nextval('calls') < until then raise exception 'again' using errcode = '40001'; end if;
      return 1;
    end $$`)
})

beforeEach(async () => {
  await shop.database.ask("truncate accounts, transfers cascade")
  await shop.database.ask("insert into accounts (id, owner) values (1, 'ann'), (2, 'ben')")
  await shop.database.ask("select setval('calls', 1, false)")
  reruns.length = 0
  db = shop.open({
    resolution: "off",
    retry: { slow: { baseMs: 5, maxMs: 20 }, quick: { baseMs: 1, maxMs: 5 } },
    observer: (event: DriverEvent) => {
      if (event.name === "operation.rerun") reruns.push(event.label)
    },
  })
})

afterEach(async () => {
  expect(db.snapshot().pool.leased).toBe(0)
  valueOf(await db.close())
})

const owners = () => db.selectFrom("accounts").select("owner").orderBy("id")
const calls = async () => {
  const [row] = await shop.database.ask("select case when is_called then last_value else 0 end::int as n from calls")
  return row?.["n"]
}
const count = async () => (await shop.database.ask("select from accounts")).length

/** A connection that dies in the hands of the one that holds it, as often as said. */
function dying(times: number) {
  const seen = { runs: 0 }
  const read = async () => {
    seen.runs += 1
    return db.withConnection(async (session) => {
      valueOf(await session.query("select 1"))
      if (seen.runs <= times)
        errorOf(await session.query("select pg_terminate_backend(pg_backend_pid())", [], { retry: false }))
      return session.all(session.selectFrom("accounts").select("owner").orderBy("id"))
    })
  }
  return { seen, read }
}

describe("a resilient function", () => {
  it("runs again where a statement inside could not: its session was lost", async () => {
    const { seen, read } = dying(1)
    expect(errorOf(await read()).category).toBe("availability")
    seen.runs = 0
    expect(valueOf(await resilient(read)())).toEqual([{ owner: "ann" }, { owner: "ben" }])
    expect(seen.runs).toBe(2)
    expect(reruns).toEqual(["read"])
  })

  it("gives up after three runs, with the last answer", async () => {
    const { seen, read } = dying(9)
    expect(errorOf(await resilient(read)()).category).toBe("availability")
    expect(seen.runs).toBe(3)
  })

  it("runs again when what it throws is that error, or was caused by it", async () => {
    const { seen, read } = dying(2)
    const thrower = resilient(async function names() {
      const found = await read()
      if (found.isErr()) throw new Error("no names today", { cause: found.error })
      return found.value.length
    })
    expect(await thrower()).toBe(2)
    expect(seen.runs).toBe(3)
    expect(reruns).toEqual(["names", "names"])
  })

  it("shares its tries with the statements inside", async () => {
    let runs = 0
    const tried = resilient(async () => {
      runs += 1
      return db.query("select conflict(99)", [])
    })
    expect(errorOf(await tried()).kind).toBe("serialization_failure")
    expect(runs).toBe(1)
    expect(await calls()).toBe(3)
  })

  it("shares them with transactions too", async () => {
    let runs = 0
    const tried = resilient(
      async () => {
        runs += 1
        return db.transaction((tx) => tx.query("select conflict(99)"))
      },
      { attemptsMax: 2 },
    )
    expect(errorOf(await tried()).kind).toBe("serialization_failure")
    expect([runs, await calls()]).toEqual([1, 2])
  })

  it("leaves to a statement what other statements have not used up", async () => {
    const tried = resilient(async () => {
      // Two tries of three; the third is the last one for whatever follows.
      valueOf(await db.query("select conflict(2)"))
      await shop.database.ask("select setval('calls', 1, false)")
      return db.query("select conflict(99)")
    })
    expect(errorOf(await tried()).attempts).toBe(2)
  })

  describe("never writes twice:", () => {
    it("a write of its own was applied", async () => {
      const { read } = dying(9)
      let runs = 0
      const write = resilient(async () => {
        runs += 1
        valueOf(await db.exec(db.insertInto("accounts").values({ id: 10 + runs, owner: `new ${runs}` })))
        return read()
      })
      expect(errorOf(await write()).category).toBe("availability")
      expect([runs, await count()]).toEqual([1, 3])
    })

    it("a transaction of its own was committed", async () => {
      const { read } = dying(9)
      let runs = 0
      const write = resilient(async () => {
        runs += 1
        const insert = db.insertInto("accounts").values({ id: 10 + runs, owner: `new ${runs}` })
        valueOf(await db.transaction((tx) => tx.exec(insert)))
        return read()
      })
      errorOf(await write())
      expect([runs, await count()]).toEqual([1, 3])
    })

    it("raw SQL that looks like a read has written", async () => {
      const { read } = dying(9)
      let runs = 0
      const write = resilient(async () => {
        runs += 1
        valueOf(await db.query("select nextval('calls')"))
        return read()
      })
      errorOf(await write())
      expect([runs, await calls()]).toEqual([1, 1])
    })

    it("Kysely's own door was used, of which nobody can say", async () => {
      const { read } = dying(9)
      let runs = 0
      const write = resilient(async () => {
        runs += 1
        await db.kysely.selectFrom("accounts").selectAll().execute()
        return read()
      })
      errorOf(await write())
      expect(runs).toBe(1)
    })

    it("a write was cut off and nobody knows, even if the function passes over that", async () => {
      const { read } = dying(9)
      let runs = 0
      const write = resilient(async () => {
        runs += 1
        const lost = await db.query(
          "insert into accounts values (20, 'x'); select pg_terminate_backend(pg_backend_pid())",
        )
        expect(errorOf(lost).effect).toBe("unknown")
        return read()
      })
      errorOf(await write())
      expect(runs).toBe(1)
    })

    it("but a transaction that was rolled back has written nothing", async () => {
      const { seen, read } = dying(1)
      const insert = () => db.insertInto("accounts").values({ id: 30, owner: "undone" })
      const write = resilient(async () => {
        errorOf(await db.transaction(async (tx) => (await tx.exec(insert())).andThen(() => err("no" as const))))
        return read()
      })
      expect(valueOf(await write())).toHaveLength(2)
      expect(seen.runs).toBe(2)
    })

    it("nor has a transaction that was read only", async () => {
      const { seen, read } = dying(1)
      const readTwice = resilient(async () => {
        valueOf(await db.transaction((tx) => tx.all(owners())))
        return read()
      })
      valueOf(await readTwice())
      expect(seen.runs).toBe(2)
    })
  })

  it("runs once for an error that is its own, or no passing trouble", async () => {
    let runs = 0
    const own = resilient(async () => {
      runs += 1
      return err(new Error("closed on Sundays"))
    })
    errorOf(await own())
    const duplicate = resilient(async () => {
      runs += 1
      return db.exec(db.insertInto("accounts").values({ id: 1, owner: "ann" }))
    })
    expect(errorOf(await duplicate()).kind).toBe("unique_violation")
    expect(runs).toBe(2)
  })

  it("is part of the one that it is called by", async () => {
    const { seen, read } = dying(9)
    const inner = resilient(read)
    const outer = resilient(async () => inner())
    errorOf(await outer())
    expect(seen.runs).toBe(3)
  })

  it("is no part of one that is over: what a timer does that was set in it has tries of its own", async () => {
    const later = Promise.withResolvers<void>()
    const { seen, read } = dying(2)
    const poll = resilient(read)
    let polled: Promise<unknown[]> | undefined
    const start = resilient(async () => {
      // All the tries there are, but for the last one.
      valueOf(await db.query("select conflict(3)"))
      void later.promise.then(() => {
        polled = poll().then(valueOf)
      })
    })
    await start()
    expect(await calls()).toBe(3)
    later.resolve()
    await later.promise
    await Promise.resolve()
    expect(await polled).toHaveLength(2)
    expect(seen.runs).toBe(3)
  })

  it("keeps what its function is: name, length, this, and what kind of promise it gives", async () => {
    const desk = {
      factor: 3,
      times: resilient(async function times(this: { factor: number }, n: number) {
        return this.factor * n
      }),
    }
    expect(await desk.times(2)).toBe(6)
    expect([desk.times.name, desk.times.length]).toEqual(["times", 1])
    const chained = resilient(() => db.all(owners()))()
    expect(chained).toBeInstanceOf(ResultAsync)
    expect(valueOf(await chained.map((rows) => rows.length))).toBe(2)
    expect(valueOf(await resilient(async () => ok(1))())).toBe(1)
  })

  it.each([
    ["a number of tries that is none", { attemptsMax: 0 }, /attemptsMax/],
    ["an unknown option", { attempts: 3 }, /attempts is no option|attempts/],
    ["a name that is no string", { name: 1 }, /name/],
    ["nothing", null, /null/],
  ])("refuses %s at once", (_, options, message) => {
    // @ts-expect-error types forbid it, and JavaScript does not
    expect(() => resilient(options)).toThrow(message)
    // @ts-expect-error the same
    expect(() => resilient(async () => 1, options)).toThrow(message)
  })
})

it("decorates methods, compiled by TypeScript and run by Node", async () => {
  const source = join(import.meta.dirname, "fixtures/decorated-desk.ts")
  const stdout = await compiled(source, async (program) => {
    const ran = await promisify(execFile)(process.execPath, [program, shop.database.url])
    return ran.stdout
  })
  expect(JSON.parse(stdout)).toEqual({
    owners: ["ann", "ben"],
    runs: 2,
    once: { ok: false, runs: 1 },
    name: "owners",
  })
})

import { BUGGIFY_KINDS, createEngine, type BuggifyKind, type DriverEvent, type Engine } from "@kysely-resilient/driver"
import { CompiledQuery } from "kysely"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

import { testDatabase } from "../support/databases.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note int)")
    await client.query(`
      create function add_slowly(note int) returns void language plpgsql as $$
      begin
        raise notice 'this is answered at once';
        perform pg_sleep(0.2);
        insert into notes values (note);
      end $$`)
  },
})

const text = (sql: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(sql, parameters)
const add = (note: number): CompiledQuery => text("insert into notes values ($1)", note)

let engine: Engine
let events: DriverEvent[]

/** Without resolution, unless it is asked for: then an autocommit write is one flight, as on any driver. */
function makeEngine(
  kinds: readonly BuggifyKind[],
  probability: number,
  seed = 7,
  resolution: "off" | "xid" = "off",
): Engine {
  events = []
  engine = createEngine({
    connection: database.url,
    pool: { min: 0, max: 4 },
    timeouts: { cancelMs: 500 },
    retry: { slow: { baseMs: 2, maxMs: 5 }, quick: { baseMs: 1, maxMs: 2 } },
    resolution,
    buggify: { seed, kinds, probability, slowMs: 30 },
    observer: (event) => events.push(event),
  })
  return engine
}

const struck = (): BuggifyKind[] => events.flatMap((event) => (event.name === "buggify.struck" ? [event.kind] : []))

/** What is stored, and how often. */
async function stored(): Promise<Map<number, number>> {
  const rows = await database.ask("select note, count(*)::int as n from notes group by note")
  return new Map(rows.map(({ note, n }) => [Number(note), Number(n)]))
}

type Told = "yes" | "no" | "unknown"

function toldOf(
  settled: Awaited<ReturnType<Engine["run"]>> | Awaited<ReturnType<ReturnType<Engine["lease"]>["commit"]>>,
): Told {
  if (settled.ok) return "yes"
  return settled.failure.effect === "unknown" ? "unknown" : "no"
}

async function transfer(note: number): Promise<Told> {
  const lease = engine.lease()
  lease.begin({})
  const written = await lease.run(add(note))
  const told = written.ok ? toldOf(await lease.commit()) : toldOf(written)
  if (!written.ok) await lease.rollback("failed")
  await lease.release()
  return told
}

let printed: string[]

beforeEach(async () => {
  printed = []
  vi.spyOn(process.stderr, "write").mockImplementation((line) => printed.push(String(line)) > 0)
  await database.ask("truncate notes")
})

afterEach(async () => {
  vi.restoreAllMocks()
  await engine.close({ drainMs: 1_000 })
})

/** Nobody holds or awaits anything, and no transaction is open on the server. */
async function calm(): Promise<void> {
  await expect.poll(() => engine.snapshot().pool).toMatchObject({ leased: 0, waiting: 0, opening: 0 })
  await expect
    .poll(() =>
      database.ask(
        "select state, query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and (state like 'idle in%' or state = 'active')",
      ),
    )
    .toEqual([])
}

describe("buggify", () => {
  it.each([
    ...BUGGIFY_KINDS.map((kind) => [kind, "xid", [kind]] as const),
    ["everything", "xid", BUGGIFY_KINDS] as const,
    ["everything", "off", BUGGIFY_KINDS] as const,
  ])("%s: happens, alone, and what callers are told is what is stored; resolution %s", async (_, resolution, kinds) => {
    makeEngine(kinds, kinds.length === 1 ? 0.3 : 0.08, 7, resolution)
    const told = new Map<number, Told>()
    const work = async (note: number): Promise<void> => {
      told.set(note, note % 2 === 0 ? await transfer(note) : toldOf(await engine.run(add(note))))
      await engine.run(text("select count(*) from notes"))
    }
    for (let round = 0; round < 20; round += 1) await Promise.all([0, 1, 2, 3].map((one) => work(round * 4 + one)))

    expect(new Set(struck())).toEqual(new Set(kinds))
    const found = await stored()
    for (const [note, answer] of told) {
      const times = found.get(note) ?? 0
      if (answer === "yes") expect([note, times]).toEqual([note, 1])
      else if (answer === "no") expect([note, times]).toEqual([note, 0])
      else expect(times).toBeLessThanOrEqual(1)
    }
    expect([...told.values()].filter((answer) => answer === "yes").length).toBeGreaterThan(20)
    // Whoever is asked, the database can still be asked too.
    if (resolution === "xid") expect([...told.values()]).not.toContain("unknown")
    await calm()
  })

  it.each([
    ["statement-lost", 0],
    ["answer-lost", 1],
  ] as const)("%s: the server has really %d row of an autocommit write whose answer never came", async (kind, rows) => {
    makeEngine([kind], 1)
    expect(await engine.run(add(1), { retry: false })).toMatchObject({ ok: false })
    expect((await stored()).get(1) ?? 0).toBe(rows)
    expect(struck()[0]).toBe(kind)
  })

  it("answer-lost: comes when the whole answer is there, so that nobody need wait for what is stored", async () => {
    makeEngine(["answer-lost"], 1)
    await engine.run(text("select add_slowly(1)"), { retry: false, readOnly: false })
    expect(await stored()).toEqual(new Map([[1, 1]]))
  })

  it.each([
    ["commit-lost", 0],
    ["commit-answer-lost", 1],
  ] as const)("%s: the server has really committed %d row of the transaction", async (kind, rows) => {
    makeEngine([kind], 1)
    await transfer(1)
    expect((await stored()).get(1) ?? 0).toBe(rows)
    expect(struck()[0]).toBe(kind)
  })

  it.each([
    ["serialization-failure", "40001"],
    ["deadlock", "40P01"],
  ] as const)("%s: the server itself says it", async (kind, sqlState) => {
    makeEngine([kind], 1)
    expect(await engine.run(add(1), { retry: false })).toMatchObject({
      ok: false,
      failure: { sqlState, origin: "server", routine: "exec_stmt_raise", effect: "not_applied", retry: "transaction" },
    })
    expect(await stored()).toEqual(new Map())
  })

  it("strikes at the same occasions again for the same seed, and at others for another", async () => {
    const run = async (seed: number): Promise<string> => {
      makeEngine(["statement-lost", "serialization-failure", "commit-answer-lost"], 0.2, seed)
      const story: unknown[] = []
      for (let note = 0; note < 15; note += 1) story.push(await transfer(note), struck().length)
      await engine.close()
      return story.join()
    }
    const first = await run(3)
    expect(await run(3)).toBe(first)
    expect(await run(4)).not.toBe(first)
  })

  it("exhausts the pool: whoever comes waits, though nobody else is there", async () => {
    makeEngine(["pool-exhausted"], 1)
    const running = engine.run(text("select 1"))
    expect(engine.snapshot().pool).toMatchObject({ waiting: 5, opening: 4 })
    expect(await running).toMatchObject({ ok: true, attempts: 1 })
    await calm()
  })

  it("says on standard error that it is on", () => {
    makeEngine(BUGGIFY_KINDS, 0.01, 99)
    expect(printed).toEqual(["kysely-resilient: buggify is on (seed 99): connections are broken on purpose\n"])
  })

  it("is refused in production", () => {
    makeEngine(BUGGIFY_KINDS, 0.01)
    vi.stubEnv("NODE_ENV", "production")
    expect(() => createEngine({ connection: database.url, buggify: { seed: 1 } })).toThrow(
      /buggify: is for tests, and NODE_ENV is production/,
    )
    vi.unstubAllEnvs()
  })

  it("leaves nothing behind when it is off: no event, and pg's client as it came", async () => {
    events = []
    engine = createEngine({
      connection: database.url,
      buggify: false,
      pool: { min: 0, max: 1 },
      observer: (event) => events.push(event),
    })
    for (let note = 0; note < 5; note += 1) expect(await transfer(note)).toBe("yes")
    expect(struck()).toEqual([])
    expect(printed).toEqual([])
  })
})

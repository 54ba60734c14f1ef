import { createEngine, deadlineAfter, systemClock, type Engine, type Settled } from "@kysely-resilient/driver"
import {
  cut,
  drop,
  inject,
  startFaultProxy,
  truncate,
  type Action,
  type FaultProxy,
  type Matcher,
  type ServerMessage,
} from "@kysely-resilient/testing"
import fc from "fast-check"
import { CompiledQuery } from "kysely"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { expectCalm } from "../../support/aftermath.ts"
import { testDatabase } from "../../support/databases.ts"
import { hostileBytes, report } from "./bytes.ts"
import { LIMIT_MS, runs } from "./runs.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
  },
})

const text = (sql: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(sql, parameters)

/** One statement's patience, and how long it may then take to be stopped. */
const TIMEOUT_MS = 100
const CANCEL_MS = 50
/** Everything that one input does, however badly it goes: some waits in a row, four times. */
const ENOUGH_MS = 4 * 8 * (TIMEOUT_MS + CANCEL_MS)

let proxy: FaultProxy
let engine: Engine

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
  engine = createEngine({
    connection: proxy.url(database.url),
    pool: { min: 0, max: 1 },
    timeouts: { connectMs: 200, cancelMs: CANCEL_MS },
    retry: { slow: { baseMs: 1, maxMs: 2 }, quick: { baseMs: 1, maxMs: 2 } },
  })
})

afterAll(async () => {
  proxy.clearRules()
  await engine.close()
  await proxy.close()
})

const limits = { timeoutMs: TIMEOUT_MS }

/** What an application does, each answer looked at; nothing of it may throw. */
const OPERATIONS: Readonly<Record<string, () => Promise<readonly Settled<unknown>[]>>> = {
  read: async () => [await engine.run(text("select n, t from (values (1, 'a'), (2, 'b'), (3, null)) v(n, t)"), limits)],
  write: async () => [await engine.run(text("insert into notes values ($1) returning note", "x"), limits)],
  batch: async () => [await engine.batch([text("select 1 as a"), text("insert into notes values ('y')")], limits)],
  open: async () => {
    proxy.cutAll()
    return [await engine.run(text("select 1 as n"), limits)]
  },
  transaction: async () => {
    const lease = engine.lease()
    lease.begin({ deadline: deadlineAfter(systemClock, 2 * TIMEOUT_MS) })
    const answers: Settled<unknown>[] = [
      await lease.run(text("insert into notes values ('z')"), limits),
      await lease.savepoint("s"),
      await lease.run(text("select 1 as n"), limits),
      await lease.rollbackTo("s"),
      await lease.commit(),
    ]
    await lease.release()
    return answers
  },
  stream: async () => {
    const answers: Settled<unknown>[] = []
    for await (const chunk of engine.stream(text("select generate_series(1, 6) as n"), 2, limits)) answers.push(chunk)
    return answers
  },
}

const MESSAGES = [
  "Authentication",
  "ParameterStatus",
  "BackendKeyData",
  "ParseComplete",
  "BindComplete",
  "RowDescription",
  "DataRow",
  "CommandComplete",
  "PortalSuspended",
  "ReadyForQuery",
] as const satisfies readonly ServerMessage[]

interface Attack {
  readonly operation: string
  readonly when: Matcher
  readonly skip: number
  readonly actions: readonly Action[]
}

const attack: fc.Arbitrary<Attack> = fc
  .record({
    operation: fc.constantFrom(...Object.keys(OPERATIONS)),
    message: fc.constantFrom(...MESSAGES),
    at: fc.constantFrom("before" as const, "inside" as const, "after" as const),
    skip: fc.nat({ max: 3 }),
    bytes: fc.oneof({ weight: 3, arbitrary: hostileBytes }, report),
    ending: fc.constantFrom("go on", "go on", "cut", "instead", "truncate"),
    part: fc.nat({ max: 8 }),
  })
  .map(({ operation, message, at, skip, bytes, ending, part }) => {
    const actions: Action[] = [inject({ kind: "bytes", bytes })]
    if (ending === "cut") actions.push(cut({ how: "fin" }))
    if (ending === "instead" && at === "before") actions.push(drop())
    if (ending === "truncate" && at === "before") actions.push(truncate(part, "fin"))
    return { operation, when: { from: "server", message, at }, skip, actions }
  })

let asked = 0

/** A connection that was fed with half a message may cost one statement its time-out; wrong answers never, and the second one works. */
async function nextQueryWorks(): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    asked += 1
    const settled = await engine.run(text("select $1::int as n", asked), tries === 1 ? limits : { timeoutMs: 5_000 })
    if (settled.ok) {
      expect(settled.value.rows).toEqual([{ n: asked }])
      return
    }
    const { kind, message, errno, phase } = settled.failure
    expect(tries, `${kind} in ${phase}: ${message} ${errno}, after ${settled.attempts} attempts`).toBeLessThan(2)
  }
}

describe("whatever a server says", () => {
  it(
    "crashes nothing, leaks nothing, and the next query works",
    async () => {
      let fired = 0
      const { numRuns } = runs(0.4)
      await fc.assert(
        fc.asyncProperty(attack, async ({ operation, when, skip, actions }) => {
          const rule = proxy.rule({ when, skip, do: actions })
          const startedAt = performance.now()
          const answers = await OPERATIONS[operation]?.()
          const tookMs = performance.now() - startedAt
          rule.lift()
          fired += rule.hits
          for (const answer of answers ?? []) if (!answer.ok) expect(answer.failure).toHaveProperty("effect")
          expect(tookMs).toBeLessThan(ENOUGH_MS)
          await nextQueryWorks()
        }),
        runs(0.4),
      )
      expect(fired).toBeGreaterThan(numRuns / 4)
      await expectCalm(engine, database)
      // The side connection, which ended what was left on the server, lingers for a second.
      await expect.poll(() => proxy.connections.length, { timeout: 4_000 }).toBeLessThanOrEqual(1)
    },
    LIMIT_MS,
  )
})

/** What an examination says when it is disturbed in the middle of its questions. */
import { createDatabase, examine, type Examination } from "@kysely-resilient/core"
import { SERVER_RULES } from "@kysely-resilient/core/src/advice/server-rules.ts"
import {
  beforeExecute,
  call,
  cut,
  serverFaults,
  stall,
  startFaultProxy,
  type FaultProxy,
} from "@kysely-resilient/testing"
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest"

import { testDatabase } from "../../../support/databases.ts"
import { valueOf } from "../../../support/results.ts"

const database = testDatabase(import.meta.url)
let proxy: FaultProxy

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
  await database.ask("create table things (id int)")
  await database.ask("create index on things ((id + 1))")
})

afterEach(() => {
  proxy.clearRules()
  proxy.refuse(false)
  proxy.resumeAll()
})

afterAll(() => proxy.close())

async function examined(timeoutMs = 5_000, url = proxy.url(database.url)): Promise<Examination> {
  const db = createDatabase<object>({
    connection: url,
    pool: { min: 0, max: 1 },
    retry: { outageWaitMs: 0 },
    timeouts: { connectMs: 500, cancelMs: 300 },
  })
  try {
    return valueOf(await examine(db, { timeoutMs, environment: "development" }))
  } finally {
    valueOf(await db.close())
  }
}

/** Until the test is over. To read of an expression index what it is about takes a lock. */
async function lockThings(): Promise<void> {
  const holder = await database.connect()
  onTestFinished(async () => void (await holder.query("rollback")))
  await holder.query("begin; lock table things in access exclusive mode")
}

/** The third of the questions. */
const DISTURBED = /invalidIndexes/
const AFTER = ["storage", "sequences", "replication", "pg_stat_statements"]

const codesNeeding = (...whats: readonly string[]): string[] =>
  SERVER_RULES.filter(({ needs = [] }) => needs.some((need) => whats.includes(need))).map(({ code }) => code)

/** Whatever was asked in vain, the rules that judge it are not among those that were asked, and no right is said to be missing. */
function expectMissing(examination: Examination, whats: readonly string[], why: string): void {
  const { facts, checked, unchecked, advice } = examination
  expect(facts.unseen).toEqual(whats.map((what) => ({ what, why, message: expect.stringContaining(why) })))
  expect(unchecked.map(({ code }) => code)).toEqual(codesNeeding(...whats))
  for (const one of unchecked) expect(one).toMatchObject({ why, what: expect.toBeOneOf([...whats]) })
  expect([...checked, ...unchecked.map(({ code }) => code)].toSorted()).toEqual(
    SERVER_RULES.map(({ code }) => code).toSorted(),
  )
  expect(advice.flatMap(({ sql = "" }) => (sql.includes("pg_monitor") ? [sql] : []))).toEqual([])
}

describe("an examination says what it could not ask, and why", () => {
  it("when nothing was in the way: nothing", async () => {
    const { checked, unchecked, facts } = await examined()
    expect({ unchecked, unseen: facts.unseen, checks: checked.length }).toEqual({
      unchecked: [],
      unseen: [],
      checks: SERVER_RULES.length,
    })
  })

  it("when its session is ended", async () => {
    const end = call(({ backendPid }) => serverFaults.terminate({ url: database.adminUrl }, { backendPid }))
    const rule = proxy.rule({ when: beforeExecute(DISTURBED), do: end })
    expectMissing(await examined(), AFTER, "server_shutdown")
    expect(rule.hits).toBe(1)
  })

  it("when the server goes away for good", async () => {
    const gone = call(() => {
      proxy.refuse(true)
      proxy.cutAll()
    })
    const rule = proxy.rule({ when: beforeExecute(DISTURBED), do: gone })
    expectMissing(await examined(), AFTER, "connection_failed")
    expect(rule.hits).toBe(1)
  })

  it("when the connection is cut", async () => {
    const rule = proxy.rule({ when: beforeExecute(DISTURBED), do: cut() })
    expectMissing(await examined(), AFTER, "connection_failed")
    expect(rule.hits).toBe(1)
  })

  it("when nothing comes back any more, within its time", async () => {
    proxy.rule({ when: beforeExecute(DISTURBED), do: stall() })
    const startedAt = performance.now()
    expectMissing(await examined(1_000), AFTER, "deadline_exceeded")
    expect(performance.now() - startedAt).toBeLessThan(4 * 1_000)
  })

  it("when a table is locked: the other questions are answered", async () => {
    await lockThings()
    const examination = await examined()
    expectMissing(examination, ["storage"], "lock_timeout")
    expect(examination.facts.sequences).toBeDefined()
  })

  it("when a statement may not take so long: the other questions are answered", async () => {
    await database.ask("create role hurried_examiner superuser login password 'hurried_examiner'")
    await database.ask("alter role hurried_examiner set statement_timeout = '200ms'")
    onTestFinished(async () => void (await database.ask("drop role hurried_examiner")))
    const url = new URL(database.url)
    url.username = url.password = "hurried_examiner"
    await lockThings()
    const examination = await examined(5_000, url.href)
    expectMissing(examination, ["storage"], "statement_timeout")
    expect(examination.facts.sequences).toBeDefined()
  })

  it("when the role lacks a right for one question, which stays so until it is granted", async () => {
    await database.ask("create role narrow_examiner login password 'narrow_examiner' in role pg_monitor")
    await database.ask("revoke select on pg_sequences from public")
    onTestFinished(async () => {
      await database.ask("grant select on pg_sequences to public")
      await database.ask("drop role narrow_examiner")
    })
    const url = new URL(database.url)
    url.username = url.password = "narrow_examiner"
    const examination = await examined(5_000, url.href)
    expectMissing(examination, ["sequences"], "insufficient_privilege")
    const limited = examination.advice.find(({ code }) => code === "LIMITED_VIEW")
    expect(limited).toMatchObject({
      severity: "info",
      message: expect.stringContaining("permission denied for view pg_sequences"),
      action: "Grant narrow_examiner what the server says is missing",
      evidence: { unseen: { sequences: "insufficient_privilege" } },
    })
    expect(limited).not.toHaveProperty("sql")
  })
})

import { createDatabase } from "@kysely-resilient/core"
import { afterServerHasCommit, cut, startFaultProxy } from "@kysely-resilient/testing"
import { expectErr, expectOk, faults } from "@kysely-resilient/testing/core"
import { isolatedFixture } from "@kysely-resilient/testing/vitest"
import { expect, test as base } from "vitest"

import type { Library } from "../library.ts"
import { library } from "./library.ts"
import { sellOnce } from "./shop.ts"

// A database of its own for each test, for what really commits.
const test = base.extend({ here: isolatedFixture({ name: import.meta.url, ...library }) })

test("a deadlock is not the buyer's affair", async ({ here: { db } }) => {
  using fault = faults(db)
  fault.failNext({ kind: "deadlock_detected", phase: "transaction" })
  expectOk(await sellOnce(db, "Solaris", () => {}))
  expect(fault.pending).toBe(0)
})

test("where nobody can say whether it was sold, nobody is told; and it was", async ({ here: { db } }) => {
  const told: string[] = []
  using fault = faults(db)
  fault.failNext({ kind: "connection_failed", phase: "commit", effect: "unknown", done: true })
  expectErr(await sellOnce(db, "Solaris", (title) => told.push(title)), { effect: "unknown" })
  expect(told).toEqual([])
  expect(expectErr(await sellOnce(db, "Solaris", () => {}))).toBe("sold already")
})

test("a connection that breaks before COMMIT is answered: it is found out, and sold once", async ({ here }) => {
  await using proxy = await startFaultProxy({ target: here.url })
  await using db = createDatabase<Library>({ connection: proxy.url(here.url) })
  const lost = proxy.rule({ when: afterServerHasCommit, do: cut() })
  const told: string[] = []
  expectOk(await sellOnce(db, "Solaris", (title) => told.push(title)))
  expect(lost.hits).toBe(1)
  expect(told).toEqual(["Solaris"])
  const solaris = db.selectFrom("books").select("sold").where("title", "=", "Solaris")
  expect(expectOk(await db.one(solaris)).sold).toBe(1)
})

test("two buyers at the same moment, and one gets it", async ({ here: { db } }) => {
  const results = await Promise.all([sellOnce(db, "Solaris", () => {}), sellOnce(db, "Solaris", () => {})])
  expect(results.filter((result) => result.isOk())).toHaveLength(1)
})

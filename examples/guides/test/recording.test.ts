import assert from "node:assert"
import { test } from "node:test"

import { expectErr, expectOk, fakeErrors, faults, recordingDatabase } from "@kysely-resilient/testing/core"

import type { Library } from "../library.ts"
import { sellOnce } from "./shop.ts"

const fake = fakeErrors()

void test("a conflict sells it once all the same", async () => {
  const { db, log, when } = recordingDatabase<Library>()
  when("books", [{ title: "Solaris", sold: 1 }])
  when("books", fake.serialization_failure(), { times: 1 })
  const told: string[] = []
  assert.equal(expectOk(await sellOnce(db, "Solaris", (title) => told.push(title))), "Solaris")
  assert.deepEqual(told, ["Solaris"])
  assert.deepEqual(
    log.map((line) => line.split(" ")[0]),
    ["begin", "update", "rollback", "begin", "update", "commit"],
  )
})

void test("where nobody knows whether it was sold, nobody is told", async () => {
  const { db, when } = recordingDatabase<Library>()
  when("books", [{ title: "Solaris", sold: 1 }])
  using fault = faults(db)
  fault.failNext({ kind: "connection_failed", phase: "commit", effect: "unknown" })
  const told: string[] = []
  expectErr(await sellOnce(db, "Solaris", (title) => told.push(title)), {
    kind: "connection_failed",
    effect: "unknown",
  })
  assert.deepEqual(told, [])
})

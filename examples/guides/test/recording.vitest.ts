import { expectErr, expectOk, fakeErrors, faults, recordingDatabase } from "@kysely-resilient/testing/core"
import { expect, it } from "vitest"

import type { Library } from "../library.ts"
import { sellOnce } from "./shop.ts"

const fake = fakeErrors()

it("sells it once in spite of a conflict", async () => {
  const { db, log, when } = recordingDatabase<Library>()
  when("books", [{ title: "Solaris", sold: 1 }])
  when("books", fake.serialization_failure(), { times: 1 })
  const told: string[] = []
  expect(expectOk(await sellOnce(db, "Solaris", (title) => told.push(title)))).toBe("Solaris")
  expect(told).toEqual(["Solaris"])
  expect(log.map((line) => line.split(" ")[0])).toEqual(["begin", "update", "rollback", "begin", "update", "commit"])
})

it("tells nobody where nobody knows whether it was sold", async () => {
  const { db, when } = recordingDatabase<Library>()
  when("books", [{ title: "Solaris", sold: 1 }])
  using fault = faults(db)
  fault.failNext({ kind: "connection_failed", phase: "commit", effect: "unknown" })
  const told: string[] = []
  expectErr(await sellOnce(db, "Solaris", (title) => told.push(title)), {
    kind: "connection_failed",
    effect: "unknown",
  })
  expect(told).toEqual([])
})

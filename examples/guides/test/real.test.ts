import assert from "node:assert"
import { after, test } from "node:test"

import { expectErr, expectOk, withRollback } from "@kysely-resilient/testing/core"
import { failOnDroppedErrors, isolated } from "@kysely-resilient/testing/node-test"

import { library } from "./library.ts"
import { sellOnce } from "./shop.ts"

// An Err that a test leaves behind unseen fails that test.
failOnDroppedErrors()

// One database for the file; its tests leave nothing behind.
const { db } = await isolated({ after }, library)

void test("a book is sold once", () =>
  withRollback(db, async (inside) => {
    const told: string[] = []
    const tell = (title: string) => told.push(title)
    expectOk(await sellOnce(inside, "Solaris", tell))
    assert.equal(expectErr(await sellOnce(inside, "Solaris", tell)), "sold already")
    assert.equal(expectErr(await sellOnce(inside, "A Book That Is Not There", tell)), "no such book")
    assert.deepEqual(told, ["Solaris"])
  }))

void test("two authors cannot have one name", () =>
  withRollback(db, async (inside) => {
    const ursula = inside.insertInto("authors").values({ name: "Ursula" })
    expectErr(await inside.exec(ursula), { kind: "unique_violation", constraint: "authors_name_key" })
  }))

// A database of its own, for what really commits: here two at the same time.
void test("two buyers at the same moment, and one gets it", async (t) => {
  const { db: own } = await isolated(t, library)
  const tell = () => {}
  const results = await Promise.all([sellOnce(own, "Solaris", tell), sellOnce(own, "Solaris", tell)])
  assert.equal(results.filter((result) => result.isOk()).length, 1)
})

/** Behind PgBouncer in transaction mode, which may change servers under a connection that lives on. */
import { createDatabase } from "@kysely-resilient/core"
import { defineSchema, policy } from "@kysely-resilient/core/schema"
import { databaseUrl, isolatedDatabase } from "@kysely-resilient/testing"
import { ok } from "neverthrow"
import { expect, inject, it } from "vitest"

import { testDatabase } from "../../../support/databases.ts"
import { PgBouncer } from "../../../support/pgbouncer/pgbouncer.ts"
import { describeWithPgBouncer, pgBouncer as program } from "../../../support/pgbouncer/suite.ts"
import { valueOf } from "../../../support/results.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create type mood as enum ('sad', 'ok')")
    await client.query("create type shape as (a int4, b int8)")
  },
})

const schema = defineSchema<object>({
  tables: {},
  policy: policy(),
  types: { "public.mood": { kind: "enum", labels: ["sad", "ok"] } },
})

const BOTH = "select array['ok'::mood] as moods, '(1,2)'::shape as shape"
const read = { moods: ["ok"], shape: { a: 1, b: 2n } }

describeWithPgBouncer("types behind a pooler", () => {
  it("are read right, alone, in transactions, and in ones that were aborted in part", async () => {
    await using pooler = await PgBouncer.start({ program, target: database.url })
    await using db = createDatabase({ schema, connection: pooler.url(database.url), pool: { min: 0, max: 2 } })
    for (let times = 0; times < 3; times += 1) expect(valueOf(await db.query(BOTH)).rows).toEqual([read])
    const answers = await db.transaction(async (tx) => {
      const rows = valueOf(await tx.query(BOTH)).rows
      const failed = await tx.savepoint((sp) => sp.query("select 1 / 0"))
      expect(failed.isErr()).toBe(true)
      return ok([rows, valueOf(await tx.query(`${BOTH}, 1 as n`)).rows])
    })
    expect(valueOf(answers)).toEqual([[read], [{ ...read, n: 1 }]])
  })

  it("are read as those of the server that answers, when it was changed under the connection", async () => {
    const adminUrl = inject("postgresUrl")
    await using twin = await isolatedDatabase({ url: adminUrl }, { name: "decode-twin", template: database.name })
    await using pooler = await PgBouncer.start({ program, target: database.url })
    await using db = createDatabase({ schema, connection: pooler.url(database.url), pool: { min: 0, max: 1 } })
    const admin = createDatabase({ connection: adminUrl })
    const exchange = async (): Promise<void> => {
      await pooler.pause()
      const [one, other] = [database.name, twin.name]
      for (const [from, to] of [
        [one, "decode_swap"],
        [other, one],
        ["decode_swap", other],
      ]) {
        valueOf(await admin.query(`alter database "${from}" rename to "${to}"`))
      }
      await pooler.resume()
    }
    expect(valueOf(await db.query(BOTH)).rows).toEqual([read])
    expect(valueOf(await db.query(BOTH)).rows).toEqual([read])

    // Here the same numbers mean something else.
    const changes = createDatabase({ connection: databaseUrl(adminUrl, twin.name) })
    valueOf(
      await changes.query("alter type shape rename attribute a to z; alter type shape alter attribute b type text"),
    )
    valueOf(await changes.query("drop type mood; create type mood as (m text)"))
    valueOf(await changes.close())

    await exchange()
    const there = BOTH.replace("'ok'::mood", "'(ok)'::mood")
    expect(valueOf(await db.query(there)).rows).toEqual([{ moods: [{ m: "ok" }], shape: { z: 1, b: "2" } }])
    const shape = "select '(1,2)'::shape as shape"
    expect(valueOf(await db.query(shape)).rows).toEqual([{ shape: { z: 1, b: "2" } }])
    await exchange()
    expect(valueOf(await db.query(shape)).rows).toEqual([{ shape: { a: 1, b: 2n } }])
    expect(valueOf(await db.query(BOTH)).rows).toEqual([read])
    expect(db.snapshot().metrics.reconnections).toBe(0)
    valueOf(await admin.close())
  })
})

import { describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { runScript } from "../../support/script.ts"

const database = testDatabase(import.meta.url)

const script = (source: string) => runScript(source, { URL: database.url })

const HEAD = `
import { Kysely, sql } from "kysely"
import { ResilientPostgresDialect } from "@kysely-resilient/driver"
const db = new Kysely({ dialect: new ResilientPostgresDialect({ connection: process.env.URL, pool: POOL }) })
`

describe("a script that has run its queries", () => {
  it("exits by itself, without closing anything", async () => {
    const ended = await script(`${HEAD.replace("POOL", "{}")}
      console.log((await sql\`select 1 as one\`.execute(db)).rows[0].one)
    `)
    expect(ended).toMatchObject({ code: 0, output: "1\n" })
    expect(ended.tookMs).toBeLessThan(4 * 2_000)
  })

  it("does not exit while a transaction is being worked on", async () => {
    const ended = await script(`${HEAD.replace("POOL", "{}")}
      await db.transaction().execute(async (trx) => {
        await sql\`select 1\`.execute(trx)
        await sql\`select pg_sleep(0.3)\`.execute(trx)
      })
      console.log("done")
    `)
    expect(ended).toMatchObject({ code: 0, output: "done\n" })
  })

  it("stays when it is told to keep the process alive", async () => {
    const ended = await script(`${HEAD.replace("POOL", "{ keepAlive: true }")}
      await sql\`select 1\`.execute(db)
      setTimeout(() => { console.log("still here"); process.exit(3) }, 1500).unref()
    `)
    expect(ended).toMatchObject({ code: 3 })
  })
})

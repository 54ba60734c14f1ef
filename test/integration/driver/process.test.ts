import { spawn } from "node:child_process"

import { describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)

/** Runs a script of its own and answers how it ended; killed after ten seconds. */
function script(source: string): Promise<{ readonly code: number | null; readonly output: string; readonly tookMs: number }> {
  return new Promise((resolve) => {
    const startedAt = performance.now()
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", source], {
      cwd: import.meta.dirname,
      env: { ...process.env, URL: database.url },
      timeout: 10_000,
    })
    let output = ""
    child.stdout.on("data", (chunk) => (output += String(chunk)))
    child.stderr.on("data", (chunk) => (output += String(chunk)))
    child.on("close", (code) => resolve({ code, output, tookMs: performance.now() - startedAt }))
  })
}

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

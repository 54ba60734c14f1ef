import { spawn } from "node:child_process"
import { once } from "node:events"
import { globSync, readFileSync } from "node:fs"
import { basename, resolve } from "node:path"

import { afterServerHasCommit, cut, startFaultProxy } from "@kysely-resilient/testing"
import { report, verify } from "@kysely-resilient/codegen-config"
import { beforeEach, describe, expect, it } from "vitest"

import { embed, embeddedIn } from "../../scripts/docs/code-blocks.ts"
import { pages, root } from "../../scripts/docs/pages.ts"
import codegenConfig from "../../examples/codegen.config.ts"
import { testDatabase } from "../support/databases.ts"
import { runFile } from "../support/script.ts"

const read = (path: string): string => readFileSync(resolve(root, path), "utf8")

/** What each example says when all is well. An example without an entry fails. */
const SAYS: Readonly<Record<string, string>> = {
  "ten-lines.ts": "Ann has 100\nBob has 70\n",
  "dialect.ts": "Rich: ann\n",
  "from-pg.ts": "Ann has 100\nBob has 70\n",
  "railway-db.ts": "ann 95\nbob 5\n",
  "generated-types.ts": "ann has 100\nDifferences: 0\n",
  // Neither says anything by itself.
  "codegen.config.ts": "",
  "accounts.gen.ts": "",
  "prepared.ts": "Ann has 70\n",
  "read-only.ts": "All have 100\nread_only_transaction\nAnd now 0\n",
  "insert-many.ts": "Added 100000\nThere is one already\ncat 5\nann 105\n",
  "advisory-lock.ts": "Paid out: 100 and 0\nCleaned up 2\n",
  "listen.ts": "listening 2\nChanged: bob\n",
  "types.ts": "{ n: 42, prices: [ '1.10', null ], spot: [ 1, 2 ], tags: [ 'a', 'b' ] }\nends_at is no Date\n",
  "advice.ts": "examined\n",
  "telemetry-otel.ts": "",
  "telemetry-prometheus.ts": "true\ntrue\n",
  "telemetry-logs.ts": "",
  "telemetry-channel.ts": "SELECT accounts 1 2 undefined\nSELECT nowhere 1 undefined invalid_statement\n",
  "telemetry-sql-comments.ts":
    "select current_query() as sent /*action='who%20am%20I',application='shop',db_driver='kysely-resilient'*/\n",
  "health.ts": "healthy 0 reasons\n🟢 Healthy of 20 connections at most\n",
  "migrate.ts": "Applied: 0001_cities, 0002_index\n0 pending\nUndone: 0002_index, 0001_cities\n",
}

/** A program that runs until it is told to end; its own test below tells it. */
const SERVICES = ["shutdown.ts"]

const all = globSync("*.ts", { cwd: resolve(root, "examples") })
const examples = all.filter((example) => !SERVICES.includes(example))

const database = testDatabase(import.meta.url)

const run = (example: string, env: Readonly<Record<string, string>> = {}): ReturnType<typeof runFile> =>
  runFile(resolve(root, "examples", example), { DATABASE_URL: database.url, ...env })

beforeEach(async () => {
  await database.ask(`drop table if exists accounts; ${read("examples/accounts.sql")}`)
})

describe("an example", () => {
  it.each(examples)("%s runs, says what it should, and ends by itself", async (example) => {
    expect(await run(example)).toMatchObject({ code: 0, output: SAYS[example] })
  })

  it("that is generated is what its configuration gives (else: pnpm codegen)", async () => {
    const folder = resolve(root, "examples")
    expect(report(await verify({ ...codegenConfig, connection: database.url }, { folder }))).toMatch(
      /accounts\.gen\.ts is what the database says/,
    )
  })

  it("stops at its start if the database is not what its types say, and names what differs", async () => {
    await database.ask("alter table accounts rename balance to amount")
    const { code, output } = await run("generated-types.ts")
    expect(code).toBe(1)
    expect(output).toMatch(
      /schema_drift: The database is not what the schema says: accounts\.balance: is called amount in the database/,
    )
  })

  it("says that there is too little when a constraint refuses, and nothing is applied", async () => {
    await database.ask("update accounts set balance = 20 where owner = 'ann'")
    expect(await run("ten-lines.ts")).toMatchObject({ code: 0, output: "Ann has 20\nAnn has too little\n" })
    expect(await database.ask("select balance from accounts where owner = 'bob'")).toEqual([{ balance: 0 }])
  })

  it("says what failed when a row is missing, and nothing is applied", async () => {
    await database.ask("delete from accounts where owner = 'bob'")
    const { code, output } = await run("ten-lines.ts")
    expect(code).toBe(0)
    expect(output).toMatch(/^Ann has 100\nThat failed: no_row: /)
    expect(await database.ask("select balance from accounts")).toEqual([{ balance: 100 }])
  })

  it("pays once though COMMIT was not answered", async () => {
    const { hostname, port } = new URL(database.url)
    const proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } })
    try {
      proxy.rule({ when: afterServerHasCommit, do: cut() })
      const { output } = await run("ten-lines.ts", { DATABASE_URL: proxy.url(database.url) })
      expect(output).toBe("Ann has 100\nBob has 70\n")
    } finally {
      await proxy.close()
    }
  })
})

describe("shutdown.ts", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("answers, and ends by itself after %s", async (signal) => {
    const child = spawn(process.execPath, [resolve(root, "examples/shutdown.ts")], {
      env: { ...process.env, DATABASE_URL: database.url },
      timeout: 20_000,
    })
    const exit = once(child, "exit")
    let said = ""
    const listening = Promise.withResolvers<number>()
    child.stdout.on("data", (chunk) => {
      said += String(chunk)
      const port = /port: (\d+)/.exec(said)?.[1]
      if (port !== undefined) listening.resolve(Number(port))
    })
    const answer = await fetch(`http://localhost:${await listening.promise}`)
    expect(await answer.json()).toMatchObject([{ owner: "ann" }, { owner: "bob" }])
    child.kill(signal)
    expect(await exit).toEqual([0, null])
    expect(said).toMatch(/Closed\n$/)
  })
})

describe("a page", () => {
  it.each(pages())("%s shows the examples as they are (else: pnpm docs:sync)", (page) => {
    expect(read(page)).toBe(embed(read(page), read))
  })

  it("shows every example", () => {
    const shown = pages().flatMap((page) => embeddedIn(read(page)))
    const there = globSync(["examples/*.ts", "examples/guides/**/*.ts", "examples/http/*.ts", "examples/seed/*.ts"], {
      cwd: root,
    })
    // Of the guides' database the types that are written by hand and the configuration are shown, what is generated is not.
    expect(new Set(shown)).toEqual(new Set(there.filter((path) => basename(path) !== "library.gen.ts")))
  })
})

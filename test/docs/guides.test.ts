import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"

import { report, verify } from "@kysely-resilient/codegen-config"
import { beforeEach, describe, expect, it } from "vitest"

import config from "../../examples/guides/library.config.ts"
import { root } from "../../scripts/docs/pages.ts"
import { testDatabase } from "../support/databases.ts"
import { runFile } from "../support/script.ts"

/** What each program of a guide says when all is well. A program without an entry fails. */
const SAYS: Readonly<Record<string, RegExp>> = {
  "connect.ts": /^connected to PostgreSQL \d+.*\nhealthy \d connections idle, 0 in use, 0 waiting\n$/,
  "query.ts":
    /^Solaris 9.50\nfound: undefined\nSolaris\nThe Left Hand of Darkness\nexpensive books: false\nStanislaw 1, Ursula 2 of 3\n2 under 11.50\nchanged: true\nadded at 8.00\nremoved: 1\n$/,
  "conflict.ts":
    /^2 Stanislaw\n4 Arkady\n0n added\n\{ price: .A book costs something. \}\n\{ author: .Nobody knows this author. \}\nmade 6\nthere are books whose author_id it is\n$/,
  "transaction.ts": /^told everybody\nsold: Solaris 1\nsold out\none is sold\ndone and not done\nstill 1\n$/,
  "stream.ts": /^Solaris\nThe Dispossessed\none was too dear\nRangeError: Solaris is not for sale\n$/,
  "raw-sql.ts": /^The Dispossessed, The Left Hand of Darkness\nUPDATE 1n\n7\nAsia\/Tokyo\n(Seq|Index) Scan\n$/,
  "from-kysely.ts": /^Stanislaw\n2 authors\n2 the old way\n$/,
  "from-slonik.ts": /^Stanislaw\n1 of them\n1, 2\nregistered\ntrue taken\n$/,
  // In whatever time zone the process is.
  "from-prisma.ts": /^2026-03-01T13:00:00.000Z\nAnna no_row\ndeleted: true\nSolaris\nStanislaw 1, Ursula 2\nmade 1\n$/,
}

/** Imported by the others. */
const TYPES = ["library.ts", "library.gen.ts", "library.config.ts"]

const folder = resolve(root, "examples/guides")
const programs = globSync("*.ts", { cwd: folder }).filter((name) => !TYPES.includes(name))
const database = testDatabase(import.meta.url)

beforeEach(async () => {
  await database.ask("drop schema public cascade; create schema public")
  await database.ask(readFileSync(resolve(folder, "library.sql"), "utf8"))
})

describe("the generated schema of the guides", () => {
  it("is what their database says", async () => {
    const verified = await verify({ ...config, connection: database.url }, { folder })
    expect(report(verified)).toMatch(/library\.gen\.ts is what the database says/)
  })
})

describe("the program of a guide", () => {
  it.each(programs)("%s runs, says what it should, and ends by itself", async (name) => {
    expect(await runFile(resolve(folder, name), { DATABASE_URL: database.url, TZ: "Asia/Tokyo" })).toMatchObject({
      code: 0,
      output: expect.stringMatching(SAYS[name] ?? "an entry in SAYS") as unknown,
    })
  })
})

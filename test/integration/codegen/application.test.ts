import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { generate, report, verify } from "@kysely-resilient/codegen-config"
import { describe, expect, it } from "vitest"
import { testDatabase } from "../../support/databases.ts"
import { asApplication, scratchFolder, typeErrors } from "./type-check.ts"

const examples = fileURLToPath(new URL("../../../examples/", import.meta.url))

const database = testDatabase(import.meta.url, {
  setup: async (client) => void (await client.query(await readFile(join(examples, "schema/schema.sql"), "utf8"))),
})

/** What the application tells people of each constraint that a transfer can violate: all of them, and no other. */
const messages = `import type { DBConstraints } from "../../schema/schema.gen.ts"

export const said: Readonly<Record<keyof DBConstraints["transfers"]["own"], string>> = {
  transfers_pkey: "This was paid already",
  transfers_amount_check: "Nothing would be paid",
  transfers_accounts_check: "From an account to itself nothing can be paid",
  transfers_from_account_fk: "There is no such payer",
  transfers_to_account_fk: "There is no such payee",
}
`

/** The demo's application over a schema of its own. */
async function applicationIn(folder: string): Promise<Record<string, string>> {
  await mkdir(join(folder, "schema"), { recursive: true })
  await mkdir(join(folder, "demo/app"), { recursive: true })
  const app = (await readdir(join(examples, "demo/app"))).map((name) => `demo/app/${name}`)
  const names = ["schema/prices.ts", "schema/schema.gen.ts", ...app]
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(examples, name), "utf8")] as const),
  )
  return { ...Object.fromEntries(texts), "demo/app/messages.ts": messages }
}

describe("an application whose database has changed", () => {
  it("compiled before", async () => {
    await using folder = await scratchFolder()
    expect(await typeErrors(folder.path, await applicationIn(folder.path), asApplication)).toEqual([])
  })

  it.each([
    [
      "a renamed column",
      "alter table prices rename close to closing",
      "alter table prices rename closing to close",
      ["prices.close: is called closing in the database"],
      [/demo\/app\/market\.ts\(/, /demo\/app\/signals\.ts\(/, /Property 'close' is missing/],
    ],
    [
      "a dropped constraint",
      "alter table transfers drop constraint transfers_accounts_check",
      "alter table transfers add constraint transfers_accounts_check check (from_account <> to_account)",
      ["transfers: the constraint transfers_accounts_check is in the file and not in the database"],
      [/demo\/app\/messages\.ts.*'transfers_accounts_check' does not exist/],
    ],
  ])(
    "hears of %s from verify, and does not compile once types are generated",
    async (_, change, back, said, errors) => {
      await using folder = await scratchFolder()
      const { "schema/schema.gen.ts": committed = "", ...others } = await applicationIn(folder.path)
      await writeFile(join(folder.path, "schema/schema.gen.ts"), committed)
      const config = { connection: database.url, outFile: "./schema/schema.gen.ts" }
      const client = await database.connect()
      await client.query(change)
      try {
        const verification = await verify(config, { folder: folder.path })
        expect(verification.state).toBe("drifted")
        expect(report(verification).split("\n  ").slice(1)).toEqual(said)
        expect(await generate(config, { folder: folder.path })).toMatchObject({ changed: true })
      } finally {
        await client.query(back)
      }
      const generated = await readFile(join(folder.path, "schema/schema.gen.ts"), "utf8")
      const found = await typeErrors(folder.path, { ...others, "schema/schema.gen.ts": generated }, asApplication)
      expect(found).not.toEqual([])
      for (const error of errors) expect(found.join("\n")).toMatch(error)
    },
  )
})

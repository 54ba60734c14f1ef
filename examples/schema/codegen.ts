import { readFile } from "node:fs/promises"
import { defineCodegen, generate, report, verify } from "@kysely-resilient/codegen-config"
import { isolatedDatabase, startPostgres } from "@kysely-resilient/testing"
import { Client } from "pg"

// Writes schema.gen.ts from a database that schema.sql has just made, so nobody needs one of their own.
// With --check it writes nothing, and ends with 1 if the file is not what the schema says.

const check = process.argv.includes("--check")

await using server = await startPostgres()
await using database = await isolatedDatabase(server, { name: "codegen" })
await createSchema(database.url)

const config = defineCodegen({ connection: database.url, outFile: new URL("./schema.gen.ts", import.meta.url) })

if (check) {
  const verification = await verify(config)
  console.log(report(verification))
  process.exitCode = verification.state === "current" ? 0 : 1
} else {
  const { outFile, tables, changed } = await generate(config)
  console.log(`${outFile} ${changed ? "was written" : "was already up to date"}: ${tables} tables and views`)
}

async function createSchema(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(await readFile(new URL("./schema.sql", import.meta.url), "utf8"))
  } finally {
    await client.end()
  }
}

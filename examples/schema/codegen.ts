import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { defineCodegen, generate, report, verify, type CodegenConfig } from "@kysely-resilient/codegen-config"
import { isolatedDatabase, startPostgres } from "@kysely-resilient/testing"
import { Client } from "pg"
import accounts from "../codegen.config.ts"
import library from "../guides/library.config.ts"

// Writes schema.gen.ts from a database that schema.sql has just made, so nobody needs one of their own, and in the
// same way what codegen.config.ts asks for. With --check it writes nothing, and ends with 1 if a file is not right.

const check = process.argv.includes("--check")
const folder = fileURLToPath(new URL("..", import.meta.url))

await using server = await startPostgres()
await write("./schema.sql", defineCodegen({ outFile: "./schema/schema.gen.ts" }))
await write("../accounts.sql", accounts)
await write("../guides/library.sql", library, fileURLToPath(new URL("../guides", import.meta.url)))

async function write(sql: string, config: CodegenConfig, base = folder): Promise<void> {
  await using database = await isolatedDatabase(server, { name: "codegen" })
  await createSchema(database.url, sql)
  const connected = { ...config, connection: database.url }
  if (check) {
    const verification = await verify(connected, { folder: base })
    console.log(report(verification))
    if (verification.state !== "current") process.exitCode = 1
  } else {
    const { outFile, tables, changed } = await generate(connected, { folder: base })
    console.log(`${outFile} ${changed ? "was written" : "was already up to date"}: ${tables} tables and views`)
  }
}

async function createSchema(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(await readFile(new URL(sql, import.meta.url), "utf8"))
  } finally {
    await client.end()
  }
}

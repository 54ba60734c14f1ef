import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { existingSchemas, readCatalog } from "./catalog.ts"
import { checkConfig, type CheckedConfig, type CodegenConfig } from "./config.ts"
import { withConnection } from "./connect.ts"
import { CodegenError } from "./errors.ts"
import { fileText } from "./generated-file.ts"
import { structureHash, structureOf, type Structure } from "./structure.ts"
import { tablesOf } from "./tables.ts"

export interface GenerateOptions {
  /** Where a relative `outFile` starts. Default: the folder in which the process runs. */
  readonly folder?: string
}

export interface Generated {
  /** The absolute path of the file. */
  readonly outFile: string
  /** Of the structure that the types stand for: 16 hexadecimal digits. */
  readonly hash: string
  /** How many tables and views there are in it. */
  readonly tables: number
  /** False if the file already held exactly this, and was left alone. */
  readonly changed: boolean
}

/**
 * Reads the database and writes the types of its tables. A reader of the file sees the old one or the new one, never
 * half of it.
 *
 * @throws CodegenConfigError for a wrong configuration; CodegenError if the database cannot be reached or has no such
 *   tables.
 */
export async function generate(config: CodegenConfig, { folder = "." }: GenerateOptions = {}): Promise<Generated> {
  const { outFile, ...source } = checkConfig(config, folder, process.env)
  const { text, structure } = await readSchema(source)
  const tables = Object.keys(structure).length
  // An empty file would make every query of an application wrong; a wrong DATABASE_URL is what this usually is.
  if (tables === 0)
    throw new CodegenError(`There are no tables in ${source.schemas.join(", ")}: is it the right database?`)
  const changed = (await readIfThere(outFile)) !== text
  if (changed) await writeWhole(outFile, text)
  return { outFile, hash: structureHash(structure), tables, changed }
}

/** What the database would have written, now. */
export interface Fresh {
  readonly text: string
  readonly structure: Structure
}

export async function readSchema({ connection, schemas, camelCase }: Omit<CheckedConfig, "outFile">): Promise<Fresh> {
  const catalog = await withConnection(connection, async (database) => {
    const found = await existingSchemas(database, schemas)
    const missing = schemas.filter((schema) => !found.includes(schema))
    if (missing.length > 0) throw new CodegenError(`The database has no schema ${missing.join(" and no schema ")}`)
    return readCatalog(database, schemas)
  })
  const [unqualifiedSchema] = schemas
  const tables = tablesOf(catalog, unqualifiedSchema)
  return { text: fileText(tables, { unqualifiedSchema, camelCase }), structure: structureOf(tables) }
}

/** The text of a file, or undefined if there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw error
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const unfinished = `${file}.${process.pid}.tmp`
  await writeFile(unfinished, text)
  await rename(unfinished, file)
}

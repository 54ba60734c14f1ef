import { checkConfig, type CheckedConfig } from "./check-config.ts"
import type { CodegenConfig } from "./config.ts"
import { withConnection } from "./connect.ts"
import { CodegenError } from "./errors.ts"
import { readIfThere, writeWhole } from "./files.ts"
import { fileFor, sourceOf, type Fresh } from "./generated-file.ts"
import { readCatalog } from "./read-catalog.ts"
import { policyFor } from "./read-policy.ts"

export interface GenerateOptions {
  /** Where a relative `outFile` starts, and modules that the configuration names. Default: the folder in which the process runs. */
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
 * @throws CodegenConfigError for a wrong configuration, or a file that cannot be written; DatabaseUnreadableError if the database cannot be reached or
 *   read; CodegenError if it has no such tables.
 */
export async function generate(config: CodegenConfig, { folder = "." }: GenerateOptions = {}): Promise<Generated> {
  const checked = checkConfig(config, folder, process.env)
  const { outFile } = checked
  const { text, data } = await freshFile(checked)
  const changed = (await readIfThere(outFile)) !== text
  if (changed) await writeWhole(outFile, text)
  return { outFile, hash: data.hash, tables: Object.keys(data.tables).length, changed }
}

/** What `generate` would write. */
export async function freshFile(config: CheckedConfig): Promise<Fresh> {
  const policy = await policyFor(config)
  const { connection, schemas } = config
  const catalog = await withConnection(connection, (database) => readCatalog(database, schemas))
  const fresh = fileFor(catalog, config, policy)
  // An empty file would make every query of an application wrong; a wrong DATABASE_URL is what this usually is.
  if (Object.keys(fresh.data.tables).length === 0) {
    const { include, exclude } = sourceOf(config)
    const chosen = include || exclude ? " that include and exclude leave over" : ""
    throw new CodegenError(`There are no tables in ${schemas.join(", ")}${chosen}: is it the right database?`)
  }
  return fresh
}

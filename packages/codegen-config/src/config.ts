import { fileURLToPath } from "node:url"
import { resolve } from "node:path"
import { CodegenConfigError } from "./errors.ts"

/** What to generate, from which database, into which file. */
export interface CodegenConfig {
  /** A connection string, `postgres://…`. Default: the environment's `DATABASE_URL`, and without one its `PG*` variables. */
  readonly connection?: string
  /**
   * The schemas whose tables are wanted. Tables of the first are named without their schema, so it should be the one that `search_path` finds first;
   * all others are named with it: `audit.log`. Default: `["public"]`.
   */
  readonly schemas?: readonly string[]
  /** The file to be written. A relative path starts at the folder of the configuration file, or where a program runs that has none. */
  readonly outFile: string | URL
  /** Whether tables and columns are named as Kysely's CamelCasePlugin names them; queries then need that plugin. Default: false. */
  readonly camelCase?: boolean
}

/** A configuration that was checked, with every default in its place. */
export interface CheckedConfig {
  readonly connection: string | undefined
  readonly schemas: readonly [string, ...string[]]
  readonly outFile: string
  readonly camelCase: boolean
}

/**
 * What a configuration file exports as its default.
 *
 * @throws CodegenConfigError with everything that is wrong, if something is.
 */
export function defineCodegen(config: CodegenConfig): CodegenConfig {
  checkConfig(config, ".", {})
  return Object.freeze({ ...config })
}

/** @throws CodegenConfigError */
export function checkConfig(config: unknown, folder: string, environment: Readonly<Record<string, string | undefined>>): CheckedConfig {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new CodegenConfigError([`expected an object, as defineCodegen({ outFile }) gives it, found ${nameOf(config)}`])
  }
  const { connection, schemas = ["public"], outFile, camelCase = false, ...others } = config as Readonly<Record<string, unknown>>
  const problems = [
    ...Object.keys(others).map((name) => `${name} is not an option; there are connection, schemas, outFile and camelCase`),
    ...connectionProblems(connection),
    ...schemasProblems(schemas),
    ...outFileProblems(outFile),
    ...(typeof camelCase === "boolean" ? [] : [`camelCase must be true or false, found ${nameOf(camelCase)}`]),
  ]
  if (problems.length > 0) throw new CodegenConfigError(problems)
  return {
    connection: (connection as string | undefined) ?? (environment["DATABASE_URL"] || undefined),
    schemas: schemas as readonly [string, ...string[]],
    outFile: outFile instanceof URL ? fileURLToPath(outFile) : resolve(folder, outFile as string),
    camelCase: camelCase as boolean,
  }
}

function connectionProblems(connection: unknown): readonly string[] {
  if (connection === undefined) return []
  // The text itself is not shown: there may be a password in it.
  if (typeof connection !== "string") return [`connection must be a connection string, found ${nameOf(connection)}`]
  return /^postgres(ql)?:\/\//.test(connection) ? [] : ["connection must begin with postgres:// or postgresql://"]
}

function schemasProblems(schemas: unknown): readonly string[] {
  if (!Array.isArray(schemas)) return [`schemas must be a list of names, found ${nameOf(schemas)}`]
  if (schemas.length === 0) return ["schemas must name at least one schema"]
  const nameless = schemas.filter((schema) => typeof schema !== "string" || schema === "")
  const repeated = schemas.filter((schema, index) => schemas.indexOf(schema) !== index)
  return [
    ...nameless.map((schema) => `schemas must hold names, found ${nameOf(schema)}`),
    ...repeated.map((schema) => `schemas names ${String(schema)} twice`),
  ]
}

function outFileProblems(outFile: unknown): readonly string[] {
  if (outFile === undefined) return ['outFile is missing: say where the types go, for example outFile: "./schema.gen.ts"']
  if (outFile instanceof URL) {
    return outFile.protocol === "file:" ? [] : [`outFile must be a file: URL or a path, found ${outFile.protocol}`]
  }
  if (typeof outFile !== "string" || outFile === "") return [`outFile must be a path, found ${nameOf(outFile)}`]
  return /\.[mc]?ts$/.test(outFile) ? [] : [`outFile must end with .ts, found ${outFile}`]
}

function nameOf(value: unknown): string {
  if (value === "") return "an empty text"
  if (value === null) return "null"
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`
}

import { fileURLToPath } from "node:url"
import { resolve } from "node:path"
import { CodegenConfigError } from "./errors.ts"

/** What to generate, from which database, into which file. */
export interface CodegenConfig {
  /**
   * A connection string, `postgres://…`. Default: the environment's `DATABASE_URL`, and without one its `PG*`
   * variables.
   */
  readonly connection?: string | undefined
  /**
   * The schemas whose tables are wanted. Tables of the first are named without their schema, so it should be the one
   * that `search_path` finds first; all others are named with it: `audit.log`. Default: `["public"]`.
   */
  readonly schemas?: readonly string[]
  /**
   * The file to be written. A relative path starts at the folder of the configuration file, or where a program runs
   * that has none.
   */
  readonly outFile: string | URL
  /**
   * Whether tables and columns are named as Kysely's CamelCasePlugin names them; queries then need that plugin.
   * Default: false.
   */
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
export function checkConfig(
  config: unknown,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): CheckedConfig {
  if (!isObject(config)) {
    throw new CodegenConfigError([`expected what defineCodegen({ outFile }) gives, found ${nameOf(config)}`])
  }
  const { connection, schemas, outFile, camelCase = false, ...others } = config
  const problems = Object.keys(others).map(
    (name) => `${name} is not an option; there are connection, schemas, outFile and camelCase`,
  )
  const checked = {
    connection: connectionIn(connection, problems) ?? (environment["DATABASE_URL"] || undefined),
    schemas: schemasIn(schemas, problems),
    outFile: outFileIn(outFile, folder, problems),
    camelCase: camelCase === true,
  }
  if (typeof camelCase !== "boolean") problems.push(`camelCase must be true or false, found ${nameOf(camelCase)}`)
  if (problems.length > 0) throw new CodegenConfigError(problems)
  return checked
}

function connectionIn(connection: unknown, problems: string[]): string | undefined {
  if (connection === undefined) return undefined
  if (typeof connection === "string" && /^postgres(ql)?:\/\//.test(connection)) return connection
  // A text is not shown: there may be a password in it.
  const found = typeof connection === "string" && connection !== "" ? "something else" : nameOf(connection)
  problems.push(`connection must begin with postgres:// or postgresql://, found ${found}`)
  return undefined
}

function schemasIn(schemas: unknown, problems: string[]): CheckedConfig["schemas"] {
  const list: readonly unknown[] = Array.isArray(schemas) ? schemas : []
  const names = list.filter((schema): schema is string => typeof schema === "string" && schema !== "")
  const [first = "public", ...others] = names
  if (schemas === undefined) return [first]
  if (list.length === 0) problems.push(`schemas must be a list of at least one name, found ${nameOf(schemas)}`)
  if (names.length < list.length) problems.push("schemas must hold nothing but names")
  if (new Set(names).size < names.length) problems.push(`schemas names one twice: ${names.join(", ")}`)
  return [first, ...others]
}

function outFileIn(outFile: unknown, folder: string, problems: string[]): string {
  if (outFile instanceof URL) {
    if (outFile.protocol === "file:") return fileURLToPath(outFile)
    problems.push(`outFile must be a path or a file: URL, found ${outFile.protocol}`)
  } else if (outFile === undefined) {
    problems.push('outFile is missing: say where the types go, for example outFile: "./schema.gen.ts"')
  } else if (typeof outFile !== "string") {
    problems.push(`outFile must be a path or a file: URL, found ${nameOf(outFile)}`)
  } else if (!/\.[mc]?ts$/.test(outFile)) {
    problems.push(`outFile must end with .ts, found ${outFile || nameOf(outFile)}`)
  } else {
    return resolve(folder, outFile)
  }
  return ""
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function nameOf(value: unknown): string {
  if (value === "") return "an empty text"
  if (value === null) return "null"
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list"
  return `a value of type ${typeof value}`
}

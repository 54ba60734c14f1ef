import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { Policy } from "@kysely-resilient/core/schema"
import type { CodegenConfig } from "./config.ts"
import { CodegenConfigError } from "./errors.ts"
import { parseReference, type Reference } from "./reference.ts"

/** A configuration that was checked, with every default in its place. */
export interface CheckedConfig {
  readonly connection: string | undefined
  readonly schemas: readonly [string, ...string[]]
  readonly outFile: string
  /** Where modules that it names are found. */
  readonly folder: string
  readonly camelCase: boolean
  /** The default policy, if there is neither. */
  readonly types: Policy | Reference | undefined
  readonly brands: { readonly primaryKeys: boolean; readonly names: Readonly<Record<string, string>> }
  readonly json: Readonly<Record<string, JsonReference>>
  /** By view: its columns that are never null. */
  readonly views: Readonly<Record<string, readonly string[]>>
  readonly overrides: Readonly<Record<string, CheckedOverride>>
  readonly emit: { readonly constraints: boolean; readonly relations: boolean; readonly comments: boolean }
  readonly include: readonly string[] | undefined
  readonly exclude: readonly string[]
}

export interface JsonReference extends Reference {
  readonly of: "type" | "decoder"
}

/** A type written out, or one that a module exports. */
export type WrittenType = string | Reference

export interface CheckedOverride {
  readonly select: WrittenType
  readonly insert: WrittenType
}

const options = {
  connection: true,
  schemas: true,
  outFile: true,
  camelCase: true,
  types: true,
  brands: true,
  json: true,
  views: true,
  overrides: true,
  emit: true,
  include: true,
  exclude: true,
} satisfies Record<keyof CodegenConfig, true>

/** @throws CodegenConfigError */
export function checkConfig(
  config: unknown,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): CheckedConfig {
  if (!isObject(config)) {
    throw new CodegenConfigError([`expected what defineCodegen({ outFile }) gives, found ${nameOf(config)}`])
  }
  const problems: string[] = []
  unknownNames(config, Object.keys(options), "", problems)
  const brands = section(config["brands"], "brands", ["primaryKeys", "names"], problems)
  const emit = section(config["emit"], "emit", ["constraints", "relations", "comments"], problems)
  const checked: CheckedConfig = {
    connection: connectionIn(config["connection"], problems) ?? (environment["DATABASE_URL"] || undefined),
    schemas: schemasIn(config["schemas"], problems),
    outFile: outFileIn(config["outFile"], folder, problems),
    folder: resolve(folder),
    camelCase: switchIn(config["camelCase"], "camelCase", false, problems),
    types: typesIn(config["types"], problems),
    brands: {
      primaryKeys: switchIn(brands["primaryKeys"], "brands.primaryKeys", false, problems),
      names: entriesIn(brands["names"], "brands.names", problems, brandName),
    },
    json: entriesIn(config["json"], "json", problems, jsonReference),
    views: entriesIn(config["views"], "views", problems, notNullColumns),
    overrides: entriesIn(config["overrides"], "overrides", problems, override),
    emit: {
      constraints: switchIn(emit["constraints"], "emit.constraints", true, problems),
      relations: switchIn(emit["relations"], "emit.relations", true, problems),
      comments: switchIn(emit["comments"], "emit.comments", true, problems),
    },
    include: config["include"] === undefined ? undefined : namesIn(config["include"], "include", problems),
    exclude: config["exclude"] === undefined ? [] : namesIn(config["exclude"], "exclude", problems),
  }
  for (const column of Object.keys(checked.json).filter((name) => Object.hasOwn(checked.overrides, name))) {
    problems.push(`json and overrides both say what ${column} is`)
  }
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
  if (schemas === undefined) return ["public"]
  const names = namesIn(schemas, "schemas", problems)
  if (new Set(names).size < names.length) problems.push(`schemas names one twice: ${names.join(", ")}`)
  const [first = "public", ...others] = names
  return [first, ...others]
}

function namesIn(value: unknown, option: string, problems: string[]): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  const names = list.filter((name): name is string => typeof name === "string" && name !== "")
  if (list.length === 0) problems.push(`${option} must be a list of at least one name, found ${nameOf(value)}`)
  if (names.length < list.length) problems.push(`${option} must hold nothing but names`)
  return names
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

function switchIn(value: unknown, option: string, otherwise: boolean, problems: string[]): boolean {
  if (value === undefined) return otherwise
  if (typeof value !== "boolean") problems.push(`${option} must be true or false, found ${nameOf(value)}`)
  return value === true
}

function typesIn(types: unknown, problems: string[]): CheckedConfig["types"] {
  if (types === undefined) return undefined
  if (isPolicy(types)) {
    const custom = Object.keys(types.custom)
    if (custom.length === 0) return types
    problems.push(
      `types has functions for ${custom.join(", ")}, which no file can hold: ` +
        'export the policy from a module and name it, as in types: "./policy.ts#types"',
    )
    return undefined
  }
  const reference = parseReference(types)
  if (reference) return reference
  const found = typeof types === "string" && types !== "" ? types : nameOf(types)
  problems.push(`types must be what policy() gives, or the module that exports it, "./policy.ts#types", found ${found}`)
  return undefined
}

export function isPolicy(value: unknown): value is Policy {
  return isObject(value) && isObject(value["choices"]) && isObject(value["custom"])
}

function section(
  value: unknown,
  option: string,
  known: readonly string[],
  problems: string[],
): Readonly<Record<string, unknown>> {
  if (value === undefined) return {}
  if (!isObject(value)) {
    problems.push(`${option} must be an object, found ${nameOf(value)}`)
    return {}
  }
  unknownNames(value, known, `${option}.`, problems)
  return value
}

function unknownNames(value: object, known: readonly string[], prefix: string, problems: string[]): void {
  for (const name of Object.keys(value).filter((key) => !known.includes(key))) {
    problems.push(`${prefix}${name} is not an option; there are ${known.join(", ")}`)
  }
}

/** An object whose names are the database's own; what is wrong with a value is said by `read`, as a text. */
function entriesIn<T extends object | string>(
  value: unknown,
  option: string,
  problems: string[],
  read: (value: unknown) => T | Problem,
): Readonly<Record<string, T>> {
  if (value === undefined) return {}
  if (!isObject(value)) {
    problems.push(`${option} must be an object, found ${nameOf(value)}`)
    return {}
  }
  const entries = Object.entries(value).flatMap(([name, entry]): readonly (readonly [string, T])[] => {
    const found = read(entry)
    if (!(found instanceof Problem)) return [[name, found]]
    problems.push(`${option} of ${name} ${found.text}`)
    return []
  })
  return Object.fromEntries(entries)
}

class Problem {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

function brandName(value: unknown): string | Problem {
  if (typeof value === "string" && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(value)) return value
  return new Problem(`must be a name for a type, found ${shown(value)}`)
}

function jsonReference(value: unknown): JsonReference | Problem {
  const decoder = isObject(value) && Object.keys(value).join() === "decoder" ? value["decoder"] : undefined
  const reference = parseReference(decoder ?? value)
  if (reference) return { ...reference, of: decoder === undefined ? "type" : "decoder" }
  return new Problem(
    `must be a type that a module exports, "./types.ts#UserMeta", or { decoder: "./types.ts#userMeta" }, found ${shown(value)}`,
  )
}

function notNullColumns(value: unknown): readonly string[] | Problem {
  const columns = isObject(value) && Object.keys(value).every((key) => key === "notNull") ? (value["notNull"] ?? []) : 0
  if (Array.isArray(columns) && columns.every((column) => typeof column === "string")) return columns
  return new Problem(`must be { notNull: ["column"] }, found ${shown(value)}`)
}

function override(value: unknown): CheckedOverride | Problem {
  const { select = value, insert = select, ...others } = isObject(value) ? value : {}
  const [read, written] = [writtenType(select), writtenType(insert)]
  if (read !== undefined && written !== undefined && Object.keys(others).length === 0) {
    return { select: read, insert: written }
  }
  return new Problem(
    `must be a type, "./types.ts#Settings" or "string", or { select, insert } of such types, found ${shown(value)}`,
  )
}

function writtenType(value: unknown): WrittenType | undefined {
  const reference = parseReference(value)
  if (reference) return reference
  return typeof value === "string" && value.trim() !== "" && !/[;#]/.test(value) ? value : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : nameOf(value)
}

function nameOf(value: unknown): string {
  if (value === "") return "an empty text"
  if (value === null) return "null"
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list"
  return `a value of type ${typeof value}`
}

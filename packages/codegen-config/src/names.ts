import { IdentifierNode, SymbolCollection, toKyselyCamelCase } from "kysely-codegen"
import { CodegenError } from "./errors.ts"
import { typeName, withoutDomains, type PgType, type Table } from "./tables.ts"

/** What a generated file takes from Kysely. */
const imports = ["ColumnType", "GeneratedAlways"] as const

/** What it declares for its columns; decoding.ts says of each what it stands for. */
const aliases = [
  "Bytes",
  "Circle",
  "Generated",
  "Int8",
  "Interval",
  "Json",
  "LocalMidnight",
  "LocalTimestamp",
  "Numeric",
  "Point",
  "Timestamp",
] as const

/** What it means of JavaScript's and TypeScript's own. */
const globals = ["Buffer", "Date", "Partial", "Record", "Uint8Array"] as const

export interface Naming {
  /** The schema whose tables and types are named without it. */
  readonly unqualifiedSchema: string
  /** Whether tables and columns are named as Kysely's CamelCasePlugin names them. */
  readonly camelCase: boolean
}

export interface Names {
  readonly imports: Readonly<Record<(typeof imports)[number], string>>
  readonly aliases: Readonly<Record<(typeof aliases)[number], string>>
  readonly globals: Readonly<Record<(typeof globals)[number], IdentifierNode>>
  /** The interface of a table, by the table's key. */
  readonly tables: ReadonlyMap<string, string>
  /** The union type of an enum, by the enum's type name. */
  readonly enums: ReadonlyMap<string, string>
}

/**
 * A table called `date` or `json` gets an interface of that name, which would hide what the rest of the file means by it; kysely-codegen does not
 * see to that. So tables choose first, as kysely-codegen will name them, and everything else takes a name that they left.
 */
export function namesFor(tables: readonly Table[], { unqualifiedSchema, camelCase }: Naming): Names {
  const symbols = new SymbolCollection()
  const ofTables = new Map(
    tables.map(({ key }) => [key, symbols.set(camelCase ? toKyselyCamelCase(key) : key, { type: "Table" })]),
  )
  for (const [key, name] of ofTables) {
    if (name === "DB") throw new CodegenError(`The table ${key} would be called DB in TypeScript, and so is the whole schema`)
  }
  const taken = new Set([...ofTables.values(), "DB"])
  const take = (wanted: string): string => {
    const name = free(wanted, taken)
    taken.add(name)
    return name
  }
  return {
    tables: ofTables,
    globals: record(globals, (name) => new IdentifierNode(taken.has(name) ? `globalThis.${name}` : name)),
    imports: record(imports, take),
    aliases: record(aliases, take),
    enums: new Map(enumsOf(tables).map((type) => [typeName(type), take(pascalCase(type, unqualifiedSchema))])),
  }
}

function free(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted
  let suffix = 2
  while (taken.has(`${wanted}${suffix}`)) suffix++
  return `${wanted}${suffix}`
}

function record<const K extends string, V>(keys: readonly K[], value: (key: K) => V): Readonly<Record<K, V>> {
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, V>
}

/** Every enum that some column is of, in the order of their names, so that the same schema always gets the same file. */
export function enumsOf(tables: readonly Table[]): readonly PgType[] {
  const enums = tables.flatMap((table) => table.columns.flatMap(({ type }) => enumIn(type) ?? []))
  const byName = new Map(enums.map((type) => [typeName(type), type]))
  return [...byName.values()].toSorted((a, b) => (typeName(a) < typeName(b) ? -1 : 1))
}

function enumIn(type: PgType): PgType | undefined {
  const plain = withoutDomains(type)
  if (plain.element) return enumIn(plain.element)
  return plain.labels ? plain : undefined
}

/** As kysely-codegen would name a table that is called so. */
function pascalCase({ schema, name }: PgType, unqualifiedSchema: string): string {
  return new SymbolCollection().set(schema === unqualifiedSchema ? name : `${schema}.${name}`, { type: "Table" })
}

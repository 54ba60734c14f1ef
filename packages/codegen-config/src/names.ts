import { SymbolCollection, toKyselyCamelCase } from "kysely-codegen"
import { CodegenError } from "./errors.ts"
import { typeName, withoutDomains, type PgType, type Table } from "./tables.ts"

export interface Naming {
  /** The schema whose tables and types are named without it. */
  readonly unqualifiedSchema: string
  /** Whether tables and columns are named as Kysely's CamelCasePlugin names them. */
  readonly camelCase: boolean
}

/** The identifiers of one generated file. */
export interface Names {
  /** What it takes from Kysely. */
  readonly imports: Readonly<Record<"ColumnType" | "GeneratedAlways", string>>
  /** What it takes from us: the type of the schema value. */
  readonly schemaType: string
  /** What it declares for its columns; decoding.ts says of each what it stands for. */
  readonly aliases: Readonly<Record<Alias, string>>
  /** What it means of JavaScript's and TypeScript's own. */
  readonly globals: Readonly<Record<"Buffer" | "Date" | "Partial" | "Record" | "Uint8Array", string>>
  /** The interface of a table, by the table's key. */
  readonly tables: ReadonlyMap<string, string>
  /** The union type of an enum, by the enum's type name. */
  readonly enums: ReadonlyMap<string, string>
}

export type Alias =
  | "Bytes"
  | "Circle"
  | "CircleParts"
  | "Generated"
  | "Int8"
  | "Interval"
  | "IntervalParts"
  | "Json"
  | "JsonInput"
  | "LocalMidnight"
  | "LocalTimestamp"
  | "Numeric"
  | "Point"
  | "PointParts"
  | "Timestamp"

/**
 * A table called `date` or `json` gets an interface of that name, which would hide what the rest of the file means by
 * it; kysely-codegen does not see to that. So tables choose first, as kysely-codegen will name them, and everything
 * else takes a name that they left.
 *
 * @throws CodegenError if a table would be called as the interface of all tables is, or two would be called the same by
 *   queries.
 */
export function namesFor(tables: readonly Table[], { unqualifiedSchema, camelCase }: Naming): Names {
  const identifier = (name: string): string => (camelCase ? toKyselyCamelCase(name) : name)
  refuseTwins(tables, identifier)
  const symbols = new SymbolCollection()
  const ofTables = new Map(tables.map(({ key }) => [key, symbols.set(identifier(key), { type: "Table" })]))
  for (const [key, name] of ofTables) {
    if (name === "DB") throw new CodegenError(`The table ${key} would be called DB, as the interface of all tables is`)
  }
  const taken = new Set([...ofTables.values(), "DB"])
  const take = (wanted: string): string => {
    const name = free(wanted, taken)
    taken.add(name)
    return name
  }
  const global = (name: string): string => (taken.has(name) ? `globalThis.${name}` : name)
  return {
    tables: ofTables,
    globals: {
      Buffer: global("Buffer"),
      Date: global("Date"),
      Partial: global("Partial"),
      Record: global("Record"),
      Uint8Array: global("Uint8Array"),
    },
    imports: { ColumnType: take("ColumnType"), GeneratedAlways: take("GeneratedAlways") },
    schemaType: take("Schema"),
    aliases: {
      Bytes: take("Bytes"),
      Circle: take("Circle"),
      CircleParts: take("CircleParts"),
      Generated: take("Generated"),
      Int8: take("Int8"),
      Interval: take("Interval"),
      IntervalParts: take("IntervalParts"),
      Json: take("Json"),
      JsonInput: take("JsonInput"),
      LocalMidnight: take("LocalMidnight"),
      LocalTimestamp: take("LocalTimestamp"),
      Numeric: take("Numeric"),
      Point: take("Point"),
      PointParts: take("PointParts"),
      Timestamp: take("Timestamp"),
    },
    enums: new Map(enumsOf(tables).map((type) => [typeName(type), take(pascalCase(type, unqualifiedSchema))])),
  }
}

/** Two names that camelCase makes one would be one property with two types. */
function refuseTwins(tables: readonly Table[], identifier: (name: string) => string): void {
  const groups = [
    tables.map(({ key }) => ({ key: identifier(key), name: key })),
    ...tables.map(({ key, columns }) => columns.map(({ name }) => ({ key: identifier(name), name: `${key}.${name}` }))),
  ]
  const twins = groups.flatMap((group) =>
    [...Map.groupBy(group, ({ key }) => key)].filter(([, same]) => same.length > 1),
  )
  if (twins.length === 0) return
  const clashes = twins.map(([key, same]) => `${same.map(({ name }) => name).join(" and ")} would both be ${key}`)
  throw new CodegenError(`In camelCase ${clashes.join("; ")}`)
}

function free(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted
  let suffix = 2
  while (taken.has(`${wanted}${suffix}`)) suffix++
  return `${wanted}${suffix}`
}

/**
 * Every enum that some column is of, in the order of their names, so that the same schema always gets the same file.
 */
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

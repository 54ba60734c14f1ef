import type { SchemaSource } from "@kysely-resilient/core/schema"
import { queryName, sentName, type Table } from "@kysely-resilient/core/schema-check"
import type { Brands } from "./brands.ts"
import type { ColumnTypes } from "./column-types.ts"
import { CodegenError } from "./errors.ts"
import { partsOfExpression, referenceIn } from "./expressions.ts"
import { Identifiers, pascalCase } from "./identifiers.ts"
import { referenceKey, type Reference } from "./reference.ts"

/** The identifiers of one generated file. */
export interface Names {
  /** The interface of a table, by the table's key. */
  readonly tables: ReadonlyMap<string, string>
  /** The type of a primary key, by the column that its values come from. */
  readonly brands: ReadonlyMap<string, string>
  /** The declaration of an enum or a composite, by the name of its type. */
  readonly types: ReadonlyMap<string, string>
  /** The array of an enum's labels, by the name of its type. */
  readonly labels: ReadonlyMap<string, string>
  /** What columns of one built-in type are, by the name of the type. */
  readonly aliases: ReadonlyMap<string, string>
  /** What modules of the user's export, by `module#name`. */
  readonly references: ReadonlyMap<string, { readonly reference: Reference; readonly name: string }>
  /** Of ours and Kysely's. */
  readonly libraries: ReadonlyMap<string, string>
  /** What the file declares to put types together. */
  readonly helpers: ReadonlyMap<string, string>
}

/** What is imported from Kysely and from us, wherever it is needed. */
const libraries = [
  "ColumnType",
  "GeneratedAlways",
  "Schema",
  "SchemaDefinition",
  "StandardSchema",
  "JsonValue",
  "Circle",
  "IntervalParts",
  "JsonInput",
  "Point",
  "Range",
]

const helpers = ["Decoded", "Encoded", "Generated", "JsonOf"] as const

/** What a column of a built-in type would like to be called; what is not here is called as its type. */
const aliasNames: Readonly<Record<string, string>> = {
  bytea: "Bytes",
  circle: "CircleColumn",
  date: "Day",
  json: "Json",
  jsonb: "Json",
  point: "PointColumn",
  timestamp: "LocalTimestamp",
  timestamptz: "Timestamp",
}

/**
 * Tables choose first, because queries show their names the most; everything else takes a name that they left. All in
 * the order of their names, so the same database always gets the same file.
 */
export function namesFor(
  tables: readonly Table[],
  columns: readonly ColumnTypes[],
  brands: Brands,
  { source, policy }: { readonly source: SchemaSource; readonly policy: Reference | undefined },
): Names {
  const identifiers = new Identifiers()
  const take = (keys: Iterable<string>, wanted: (key: string) => string, otherwise = wanted): Map<string, string> =>
    new Map([...new Set(keys)].toSorted().map((key) => [key, identifiers.take(wanted(key), otherwise(key))]))
  const parts = columns.flatMap(({ select, insert }) => [...partsOfExpression(select), ...partsOfExpression(insert)])
  const tableName = (key: string): string => pascalCase(queryName(key, source))
  const wantedBrands = new Map([...brands.values()].map(({ of, wanted }) => [of, wanted]))
  const declared = parts.flatMap((part) => (part.kind === "enum" || part.kind === "object" ? part.type : []))
  const enums = parts.flatMap((part) => (part.kind === "enum" ? part.type : []))
  const referred = [...parts.flatMap((part) => referenceIn(part, policy?.module) ?? []), ...(policy ? [policy] : [])]
  const references = new Map(referred.map((reference) => [referenceKey(reference), reference]))
  const ofTables = take(
    tables.map(({ key }) => key),
    tableName,
    (key) => `${tableName(key)}Table`,
  )
  const ofBrands = take(wantedBrands.keys(), (of) => wantedBrands.get(of) ?? of)
  const ofTypes = take(declared, (type) => pascalCase(withoutSchema(type, source)))
  return {
    tables: ofTables,
    brands: ofBrands,
    types: ofTypes,
    labels: take(enums, (type) => `${ofTypes.get(type) ?? type}Labels`),
    references: new Map(
      [...take(references.keys(), (key) => references.get(key)?.name ?? key)].flatMap(([key, name]) => {
        const reference = references.get(key)
        return reference ? [[key, { reference, name }] as const] : []
      }),
    ),
    libraries: take(libraries, (name) => name),
    helpers: take(helpers, (name) => name),
    aliases: aliasNamesFor(columns, identifiers),
  }
}

function withoutSchema(type: string, { schemas: [unqualified] }: SchemaSource): string {
  return type.startsWith(`${unqualified}.`) ? type.slice(unqualified.length + 1) : type
}

/** Two types share a declaration if it would say the same, as json and jsonb do. */
function aliasNamesFor(columns: readonly ColumnTypes[], identifiers: Identifiers): ReadonlyMap<string, string> {
  const aliased = columns.flatMap(({ select, insert, alias }) => {
    if (alias === undefined) return []
    const wanted = Object.hasOwn(aliasNames, alias) ? aliasNames[alias] : undefined
    return [{ alias, wanted: wanted ?? pascalCase(alias), says: JSON.stringify([select, insert]) }]
  })
  const groups = Map.groupBy(aliased, ({ wanted, says }) => `${wanted} ${says}`)
  const named = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return new Map(
    named.flatMap(([, group]) => {
      const name = identifiers.take(group[0]?.wanted ?? "")
      return group.map(({ alias }) => [alias, name] as const)
    }),
  )
}

/**
 * In camelCase two names may become one, which would be one property with two types; and a name may not lead back to
 * itself, so that no query could find it.
 *
 * @throws CodegenError with all of them
 */
export function refuseLostNames(tables: readonly Table[], source: SchemaSource): void {
  const groups = [
    tables.map(({ key }) => ({ name: key, place: key })),
    ...tables.map(({ key, columns }) => columns.map(({ name }) => ({ name, place: `${key}.${name}` }))),
  ]
  const problems = groups.flatMap((group) => {
    const byName = Map.groupBy(group, ({ name }) => queryName(name, source))
    const twins = [...byName].filter(([, same]) => same.length > 1)
    const lost = group.filter(({ name }) => sentName(queryName(name, source), source) !== name)
    return [
      ...twins.map(([key, same]) => `${same.map(({ place }) => place).join(" and ")} would both be ${key}`),
      ...lost.map(({ name, place }) => {
        const used = queryName(name, source)
        return `${place} would be ${used}, which queries send as ${sentName(used, source)}`
      }),
    ]
  })
  if (problems.length === 0) return
  throw new CodegenError(
    source.camelCase
      ? `In camelCase ${problems.join("; ")}. Rename it, exclude its table, or do without camelCase`
      : `${problems.join("; ")}: exclude one of them`,
  )
}

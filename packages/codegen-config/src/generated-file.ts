import type { Policy, SchemaSource } from "@kysely-resilient/core/schema"
import {
  relationsOf,
  structureHash,
  structureOf,
  tablesOf,
  type Catalog,
  type Structure,
} from "@kysely-resilient/core/schema-check"
import { brandsOf } from "./brands.ts"
import type { CheckedConfig } from "./check-config.ts"
import { refuseUnknownNames } from "./check-names.ts"
import { columnTypes, settingOf, type Decisions } from "./column-types.ts"
import { constraintsText, relationsText } from "./constraint-types.ts"
import { declarations, type TypedTable } from "./declarations.ts"
import { docsFor } from "./docs.ts"
import { importTexts, moduleOf, referenceImport, type Import } from "./imports.ts"
import { namesFor, refuseLostNames, type Names } from "./names.ts"
import { Nodes } from "./nodes.ts"
import { referenceKey, type Reference } from "./reference.ts"
import { dataText, key, parseData, type SchemaData } from "./schema-data.ts"

/** What a database would have written, now. */
export interface Fresh {
  readonly text: string
  readonly data: SchemaData
}

/** The policy, and the module that the file imports it from; without one it is written out. */
export interface FilePolicy {
  readonly policy: Policy
  readonly from: Reference | undefined
}

const header = `/**
 * Written by kysely-resilient-codegen from the database itself. Do not edit: change the database, then generate again.
 */`

/** The whole text of the generated file. The same catalogue gives the same text. */
export function fileFor(catalog: Catalog, config: CheckedConfig, { policy, from }: FilePolicy): Fresh {
  const source = sourceOf(config)
  const tables = tablesOf(catalog, source)
  refuseLostNames(tables, source)
  refuseUnknownNames(tables, config, policy)
  const structure = structureOf(tables, catalog, source)
  const brands = config.brands.primaryKeys ? brandsOf(tables, catalog, source, config.brands.names) : new Map()
  const decisions: Decisions = { policy, types: structure.types, brands, config }
  const typed: readonly TypedTable[] = tables.map((table) => ({
    table,
    columns: table.columns.map((column) => ({ column, types: columnTypes(table, column, decisions) })),
  }))
  const columns = typed.flatMap((table) => table.columns.map(({ types }) => types))
  const names = namesFor(tables, columns, brands, { source, policy: from })
  const nodes = new Nodes(names, from?.module)
  const { comments, constraints, relations } = config.emit
  const ofTypes = declarations(
    { tables: typed, decisions, names, nodes, source, comments },
    docsFor(tables, names, comments),
  )
  const data = dataOf(structure, source, {
    constraints,
    relations: relations ? relationsOf(tables, catalog.constraints, source) : undefined,
  })
  const parts = [
    `${header}\n${importTexts(importsOf(names, nodes, config, from)).join("\n")}`,
    ...ofTypes,
    ...(constraints ? [constraintsText(structure.constraints)] : []),
    ...(data.relations ? [relationsText(data.relations)] : []),
    `const structure: ${names.libraries.get("SchemaDefinition")} = ${dataText(data)};`,
    schemaText(typed, decisions, { names, from, constraints }),
  ]
  return { data, text: `${parts.join("\n\n")}\n` }
}

export function sourceOf({ schemas, camelCase, include, exclude }: CheckedConfig): SchemaSource {
  return {
    schemas,
    ...(camelCase && { camelCase }),
    ...(include && { include }),
    ...(exclude.length > 0 && { exclude }),
  }
}

function dataOf(
  { tables, types, constraints }: Structure,
  source: SchemaSource,
  emit: { readonly constraints: boolean; readonly relations: SchemaData["relations"] | undefined },
): SchemaData {
  const told = {
    tables,
    ...(Object.keys(types).length > 0 && { types }),
    ...(emit.constraints && { constraints }),
  }
  return { hash: structureHash(told), source, ...told, ...(emit.relations && { relations: emit.relations }) }
}

function importsOf(
  names: Names,
  nodes: Nodes,
  config: CheckedConfig,
  policy: Reference | undefined,
): readonly Import[] {
  const always = ["Schema", "SchemaDefinition"]
  const libraries = [...names.libraries].filter(([library, name]) => always.includes(library) || nodes.used.has(name))
  const values = policy ? ["defineSchema"] : ["defineSchema", "policy"]
  return [
    ...values.map((name) => ({ module: moduleOf(name), name, as: name, value: true })),
    ...libraries.map(([name, as]) => ({ module: moduleOf(name), name, as, value: false })),
    ...[...names.references.values()].map(({ reference, name }) => {
      const value = nodes.values.has(referenceKey(reference)) || reference === policy
      return referenceImport(reference, name, value, config)
    }),
  ]
}

function schemaText(
  tables: readonly TypedTable[],
  { policy, config }: Decisions,
  file: { readonly names: Names; readonly from: Reference | undefined; readonly constraints: boolean },
): string {
  const { names, from } = file
  const nameOf = (reference: Reference): string => names.references.get(referenceKey(reference))?.name ?? reference.name
  const choices = Object.entries(policy.choices).map(([name, choice]) => `${name}: ${JSON.stringify(choice)}`)
  const decoders = tables.flatMap(({ table, columns }) =>
    columns.flatMap(({ column }) => {
      const json = settingOf(config.json, table, column)
      return json?.of === "decoder" ? `    ${key(`${table.key}.${column.name}`)}: ${nameOf(json)},\n` : []
    }),
  )
  const typed = file.constraints ? "DB, DBConstraints" : "DB"
  return `/** For createDatabase({ schema }): the types above, and how values are read so that they are true. */
export const schema: ${names.libraries.get("Schema")}<${typed}> = defineSchema<${typed}>({
  ...structure,
  policy: ${from ? nameOf(from) : `policy({ ${choices.join(", ")} })`},
${decoders.length > 0 ? `  decoders: {\n${decoders.toSorted().join("")}  },\n` : ""}});`
}

/**
 * What the file says of itself, or undefined if it is not one of ours any more. It is read and not run, so it needs
 * nothing installed.
 */
export function dataIn(text: string): SchemaData | undefined {
  const found = /^const structure: \w+ = (?<data>\{\n[^]*?\n\});\n\n[^]*\}\);\n$/m.exec(text)?.groups?.["data"]
  return found === undefined ? undefined : parseData(found)
}

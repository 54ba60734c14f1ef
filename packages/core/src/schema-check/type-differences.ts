import type { SchemaDefinition } from "../schema/define-schema.ts"
import type { TypeDefinition } from "../schema/type-definition.ts"
import type { SchemaDrift } from "./drift.ts"
import { namesOf, own, textOf } from "./sorted.ts"

type Types = NonNullable<SchemaDefinition["types"]>

/**
 * Types that both have and that are not the same. What a column is directly of is told at the column, if it is an enum or a
 * domain; a type that only one of them has is that of a column which is told.
 */
export function typeDifferences(
  file: Types,
  database: Types,
  tables: SchemaDefinition["tables"],
): readonly SchemaDrift[] {
  const direct = new Set(
    Object.values(tables).flatMap(({ columns }) =>
      Object.values(columns).flatMap(({ type, base }) =>
        [type, base ?? type].map((name) => name.replace(/(\[\])+$/, "")),
      ),
    ),
  )
  return namesOf(file, database).flatMap((type): readonly SchemaDrift[] => {
    const [told, found] = [own(file, type), own(database, type)]
    if (!told || !found || textOf(told) === textOf(found)) return []
    if (direct.has(type) && told.kind === found.kind && (told.kind === "enum" || told.kind === "domain")) return []
    const [inFile, inDatabase] = [definitionText(told), definitionText(found)]
    const message = `the type ${type} is ${inFile} in the file and ${inDatabase} in the database`
    return [{ kind: "type_changed", type, file: inFile, database: inDatabase, breaking: true, message }]
  })
}

function definitionText(definition: TypeDefinition): string {
  switch (definition.kind) {
    case "enum":
      return `an enum of ${textOf(definition.labels)}`
    case "domain":
      return `a domain over ${definition.base}${definition.notNull ? " not null" : ""}`
    case "composite":
      return `(${definition.attributes.map(({ name, type }) => `${name} ${type}`).join(", ")})`
    case "range":
      return `a range of ${definition.subtype}`
    case "multirange":
      return `a multirange of ${definition.range}`
    case "base":
      return definition.delimiter === undefined ? "a base type" : `a base type delimited by ${definition.delimiter}`
  }
}

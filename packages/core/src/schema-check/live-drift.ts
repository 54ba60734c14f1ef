import type { SchemaDefinition, SchemaSource } from "../schema/define-schema.ts"
import type { Catalog, RelationRow } from "./catalog.ts"
import { differences } from "./differences.ts"
import type { SchemaDrift } from "./drift.ts"
import { queryName } from "./naming.ts"
import { own } from "./sorted.ts"
import { structureIn } from "./structure.ts"
import { keyOf } from "./tables.ts"

/** Of a schema that does not say where it is from: written by hand, or by an older version. */
const unknownSource: SchemaSource = { schemas: ["public"] }

/** What the catalogue's query is asked for. */
export function sourceOf(schema: SchemaDefinition): SchemaSource {
  return schema.source ?? unknownSource
}

/** What a schema says, compared with the catalogue that a connection finds. */
export function liveDrift(schema: SchemaDefinition, catalog: Catalog): readonly SchemaDrift[] {
  const source = sourceOf(schema)
  const structure = structureIn(catalog, source)
  return [
    ...schemaDrift(catalog, source),
    ...differences(schema, structure, (name) => queryName(name, source)),
    ...accessDrift(schema, catalog, source),
  ]
}

function schemaDrift({ session }: Catalog, { schemas }: SchemaSource): readonly SchemaDrift[] {
  return schemas.flatMap((schema): readonly SchemaDrift[] => {
    const found = session.schemas.find(({ name }) => name === schema)
    if (!found) {
      const message = `The database ${session.database} has no schema ${schema}`
      return [{ kind: "schema_missing", schema, breaking: true, message }]
    }
    if (found.usable) return []
    const message = `The role ${session.user} may not use the schema ${schema}: grant usage on schema ${schema} to ${session.user}`
    return [{ kind: "schema_forbidden", schema, breaking: true, message }]
  })
}

/** Of the schema's own tables: queries find another one, or may not use it. */
function accessDrift(schema: SchemaDefinition, catalog: Catalog, source: SchemaSource): readonly SchemaDrift[] {
  const { session, relations } = catalog
  const usable = new Set(session.schemas.flatMap(({ name, usable: may }) => (may ? name : [])))
  const told = relations.filter(
    (relation) => own(schema.tables, keyOf(relation, source)) && usable.has(relation.schema),
  )
  return [
    ...hiddenDrift(told, session.searchPath, source),
    ...told.flatMap((relation): readonly SchemaDrift[] => {
      const table = keyOf(relation, source)
      const message = `${table}: the role ${session.user} may neither read nor write it`
      return relation.permitted ? [] : [{ kind: "table_forbidden", table, breaking: false, message }]
    }),
  ]
}

function hiddenDrift(told: readonly RelationRow[], searchPath: string, source: SchemaSource): readonly SchemaDrift[] {
  const [schema] = source.schemas
  const because = `because search_path is ${searchPath || "empty"}`
  const unqualified = told.filter((relation) => relation.schema === schema)
  const hidden = unqualified.filter(({ visible }) => !visible)
  if (hidden.length > 1 && hidden.length === unqualified.length) {
    const message = `Queries find no table of the schema ${schema}, ${because}`
    return [{ kind: "schema_hidden", schema, breaking: true, message }]
  }
  return hidden.map((relation) => {
    const table = keyOf(relation, source)
    const message = `${table}: queries do not find it in the schema ${schema}, ${because}`
    return { kind: "table_hidden", table, schema, breaking: true, message }
  })
}

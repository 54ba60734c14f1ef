import type { SchemaDefinition } from "./schema/define-schema.ts"

const schemas = new WeakMap<object, SchemaDefinition>()

/** For tools that are given a database and want to know what it was told of itself. */
export function schemaOf(database: object): SchemaDefinition | undefined {
  return schemas.get(database)
}

export function rememberSchema<D extends object>(database: D, schema: SchemaDefinition | undefined): D {
  if (schema !== undefined) schemas.set(database, schema)
  return database
}

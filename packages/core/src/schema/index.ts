// The subpath `@kysely-resilient/core/schema`: what generated files import. It depends on nothing.
export { defineSchema } from "./define-schema.ts"
export type { ColumnDefinition, Schema, SchemaDefinition, TableDefinition } from "./define-schema.ts"

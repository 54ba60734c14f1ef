// The subpath `@kysely-resilient/core/schema`: what generated files import. It depends on nothing.
export { defineSchema } from "./define-schema.ts"
export type {
  ColumnDefinition,
  Relation,
  Schema,
  SchemaDefinition,
  SchemaSource,
  TableDefinition,
} from "./define-schema.ts"
export type { ConstraintTarget, InboundConstraint, OwnConstraint, TableConstraints } from "./table-constraints.ts"

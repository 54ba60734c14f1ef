// The subpath `@kysely-resilient/core/schema`: what generated files import. It depends on nothing.
export { defineSchema } from "./define-schema.ts"
export { policy, PolicyError } from "./policy.ts"
export type { CustomType, Policy, PolicyChoices } from "./policy.ts"
export type { AttributeDefinition, TypeDefinition } from "./type-definition.ts"
export { typeScriptOf } from "./codec-of.ts"
export { expressionText } from "./type-expression.ts"
export type { FieldExpression, LibraryType, TypeExpression } from "./type-expression.ts"
export type { StandardSchema } from "./standard-schema.ts"
export { json } from "./json.ts"
export type { JsonInput, JsonValue } from "./json.ts"
export type { Circle, IntervalParts, Point, Range } from "./values.ts"
export type {
  ColumnDefinition,
  Relation,
  Schema,
  SchemaDefinition,
  SchemaSource,
  TableDefinition,
} from "./define-schema.ts"
export type { ConstraintTarget, InboundConstraint, OwnConstraint, TableConstraints } from "./table-constraints.ts"

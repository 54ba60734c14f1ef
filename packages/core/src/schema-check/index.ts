// The subpath `@kysely-resilient/core/schema-check`: what a database's catalogue says, for the code generator and checkSchema.
export { catalogQuery, parseCatalog, type Catalog } from "./catalog.ts"
export { differences, type Compared } from "./differences.ts"
export type { SchemaDrift } from "./drift.ts"
export { queryName } from "./naming.ts"
export { domainsOf, partsOf, typeName, withoutDomains, type PgType } from "./pg-type.ts"
export { structureHash, structureOf, type Structure } from "./structure.ts"
export { relationsOf, type Constraints, type Relations } from "./table-constraints.ts"
export { keyOf, queryNameOf, tablesOf, type Column, type Table } from "./tables.ts"

import { catalogQuery, parseCatalog, type Catalog } from "@kysely-resilient/core/schema-check"
import type { Queryable } from "./connect.ts"
import { CodegenError } from "./errors.ts"

/** @throws CodegenError if the database lacks a schema. */
export async function readCatalog(database: Queryable, schemas: readonly string[]): Promise<Catalog> {
  const [row] = await database.query<{ readonly catalog: string }>(catalogQuery, [schemas])
  const catalog = parseCatalog(row?.catalog)
  if (!catalog) throw new CodegenError("The database did not answer as PostgreSQL does")
  const missing = schemas.filter((schema) => !catalog.session.schemas.some(({ name }) => name === schema))
  if (missing.length > 0) throw new CodegenError(`The database has no schema ${missing.join(" and no schema ")}`)
  return catalog
}

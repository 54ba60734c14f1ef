import { err, ok, type Result, type ResultAsync } from "neverthrow"

import type { ErrorOfKind, QueryError } from "./errors/database-error.ts"
import type { RunOptions } from "./query/run-options.ts"
import type { RawAnswer } from "./query/shapes.ts"
import { catalogQuery, parseCatalog } from "./schema-check/catalog-query.ts"
import type { SchemaDrift } from "./schema-check/drift.ts"
import { driftText } from "./schema-check/drift-text.ts"
import { liveDrift, sourceOf } from "./schema-check/live-drift.ts"
import type { SchemaDefinition } from "./schema/define-schema.ts"

/** As much of a session as the comparison needs. */
export interface Asked {
  query(
    text: string,
    parameters: readonly unknown[],
    options: RunOptions,
  ): ResultAsync<RawAnswer<{ readonly catalog: unknown }>, QueryError>
  refused(why: string): ErrorOfKind<"refused">
}

/** Asks the database through its own connections, so that the role and the search_path are the application's. */
export async function checkSchema(
  asked: Asked,
  schema: SchemaDefinition | undefined,
  options: Pick<RunOptions, "signal" | "timeoutMs">,
): Promise<Result<readonly SchemaDrift[], QueryError>> {
  if (schema === undefined) {
    return err(asked.refused("There is no schema to compare with: give createDatabase({ schema }) the generated one"))
  }
  const run = { ...options, name: "kysely-resilient.check-schema", readOnly: true }
  const answer = await asked.query(catalogQuery, [sourceOf(schema).schemas], run)
  if (answer.isErr()) return err(answer.error)
  const catalog = parseCatalog(answer.value.rows[0]?.catalog)
  if (catalog === undefined) {
    return err(asked.refused("A plugin or the policy changes texts that are read, so the catalogue cannot be read"))
  }
  return ok(liveDrift(schema, catalog))
}

/** What the program is to hear of it. */
export function warnOfDrift(drift: readonly SchemaDrift[]): void {
  if (drift.length === 0) return
  process.emitWarning(driftText(drift), { type: "KyselyResilientWarning", code: "SCHEMA_DRIFT" })
}

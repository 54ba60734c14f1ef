import { createPgResult, type PgResult, type TypeSource } from "../postgres/internals.ts"
import type { Exchange, Reply } from "../postgres/exchange.ts"
import type { ResultForm } from "./call.ts"

/** As `pg` answers: an array of results if there were several statements in the text. Throws what a parser of types throws. */
export function resultsOf(exchange: Exchange, form: ResultForm, types: TypeSource): PgResult | PgResult[] {
  const { replies } = exchange
  if (replies.length === 1 && replies[0] !== undefined) return resultOf(replies[0], form, types)
  return replies.length === 0 ? taggedResult("", types) : replies.map((reply) => resultOf(reply, form, types))
}

/** Of a command that has no rows. */
export function taggedResult(tag: string, types: TypeSource): PgResult {
  const result = createPgResult(undefined, types)
  if (tag !== "") result.addCommandComplete({ text: tag })
  return result
}

function resultOf({ tag, fields, rows }: Reply, form: ResultForm, types: TypeSource): PgResult {
  const result = createPgResult(form.rowMode, form.types ?? types)
  if (fields.length > 0 || rows.length > 0) result.addFields(fields)
  for (const row of rows) if (isRaw(row)) result.rows.push(result.parseRow(row))
  if (tag !== "") result.addCommandComplete({ text: tag })
  return result
}

/** See `withRawRows`. */
function isRaw(row: object): row is (string | null)[] {
  return Array.isArray(row)
}

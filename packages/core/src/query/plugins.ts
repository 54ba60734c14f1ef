import type { CompiledQuery, KyselyPlugin, QueryResult, UnknownRow } from "kysely"

import type { Answer } from "./shapes.ts"
import { promised } from "../foundation/promised.ts"

/** What Kysely's own executor does with a result: every plugin sees it, in order. */
export async function throughPlugins(
  plugins: readonly KyselyPlugin[],
  query: CompiledQuery,
  answer: Answer,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  let result: QueryResult<UnknownRow> = { rows: promised(answer.rows), numAffectedRows: answer.affected }
  for (const plugin of plugins) {
    const seen = await plugin.transformResult({
      queryId: query.queryId,
      result,
      ...(signal !== undefined && { signal }),
    })
    result = seen
  }
  return { rows: result.rows, affected: result.numAffectedRows ?? answer.affected, command: answer.command }
}

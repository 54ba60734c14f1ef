import { sql, type Kysely } from "kysely"

import type { QueryBuilders } from "./session.ts"

/** A cold Kysely's builders, bound, so that they can be passed around; made once and shared by all sessions. */
export function buildersOf<DB>(cold: Kysely<DB>): QueryBuilders<DB> {
  return Object.freeze({
    selectFrom: cold.selectFrom.bind(cold),
    selectNoFrom: cold.selectNoFrom.bind(cold),
    insertInto: cold.insertInto.bind(cold),
    updateTable: cold.updateTable.bind(cold),
    deleteFrom: cold.deleteFrom.bind(cold),
    mergeInto: cold.mergeInto.bind(cold),
    with: cold.with.bind(cold),
    withRecursive: cold.withRecursive.bind(cold),
    case: cold.case.bind(cold),
    fn: cold.fn,
    dynamic: cold.dynamic,
    schema: cold.schema,
    sql,
  })
}

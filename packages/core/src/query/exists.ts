import {
  AliasNode,
  IdentifierNode,
  OperatorNode,
  ParensNode,
  SelectQueryNode,
  SelectionNode,
  UnaryOperationNode,
  type CompiledQuery,
} from "kysely"

import { isWrite } from "./is-write.ts"
import { NoQuery } from "./no-query.ts"

/**
 * `select exists (…)` around a query: its text for the server, and its tree for the driver, which looks there whether
 * it only reads. Not through Kysely's compiler again, which has only text where a query was raw.
 */
export function existsQuery(query: CompiledQuery): CompiledQuery {
  if (isWrite(query)) {
    throw new NoQuery("exists takes a SELECT: ask a write with db.maybeOne(…), or db.exec(…)")
  }
  const exists = UnaryOperationNode.create(OperatorNode.create("exists"), ParensNode.create(query.query))
  const selection = SelectionNode.create(AliasNode.create(exists, IdentifierNode.create("exists")))
  return {
    query: SelectQueryNode.cloneWithSelections(SelectQueryNode.create(), [selection]),
    queryId: query.queryId,
    // On lines of their own: the query may end in a comment. A semicolon would end it too early.
    sql: `select exists (\n${query.sql.replace(/[;\s]+$/, "")}\n) as "exists"`,
    parameters: query.parameters,
  }
}

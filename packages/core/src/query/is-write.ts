import type { CompiledQuery } from "kysely"

const WRITES: ReadonlySet<string> = new Set(["InsertQueryNode", "UpdateQueryNode", "DeleteQueryNode", "MergeQueryNode"])

/** Built as an INSERT, UPDATE, DELETE or MERGE; raw SQL does not tell. */
export function isWrite({ query }: CompiledQuery): boolean {
  return WRITES.has(query.kind)
}

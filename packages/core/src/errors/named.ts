import type { ErrorKind } from "./redaction.ts"

/** What the server says was violated, in its words: identifiers, of which all are safe to show. */
export interface Reported {
  readonly kind: ErrorKind
  readonly constraint: string | undefined
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
}

/** What an error says of it, in the words of queries. */
export interface Named {
  readonly constraint: string | null
  readonly table: string | null
  readonly columns: readonly string[]
  readonly column: string | null
}

/** Says of a violation what the type of its operation's error allows to be said. */
export type Naming = (reported: Reported) => Named

/** Where nothing is known of the schema: as the server said it. */
export const asReported: Naming = ({ kind, constraint, table, column }) => ({
  constraint: kind === "not_null_violation" ? null : (constraint ?? null),
  table: table ?? null,
  columns: column === undefined ? [] : [column],
  column: column ?? null,
})

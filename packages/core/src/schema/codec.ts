import type { TypeExpression } from "./type-expression.ts"

/** From PostgreSQL's text of a value, never of null, to what it is here. Throws `Undecodable` for what it cannot be. */
export type Parse = (text: string) => unknown

/** What a type is under a policy. One answer for both: the generator writes the types, the driver parses. */
export interface Codec {
  /** What a value is when it is read, null apart. */
  readonly select: TypeExpression
  /** What inserts and updates take, null apart. */
  readonly insert: TypeExpression
  readonly parse: Parse
}

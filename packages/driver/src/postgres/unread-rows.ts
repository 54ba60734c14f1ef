import type { FieldDescription } from "./internals.ts"

/** Rows as the server sent them, until somebody knows how to read them. */
export class UnreadRows<Reply> {
  /** Where they belong. */
  readonly of: Reply
  readonly fields: readonly FieldDescription[]
  readonly rows: (readonly (string | null)[])[] = []

  constructor(of: Reply, fields: readonly FieldDescription[]) {
    this.of = of
    this.fields = fields
  }
}

/**
 * What the schema says of a type that is not built in. Types are named as in `ColumnDefinition.type`: `int8`,
 * `public.mood`, and with `[]` behind the name of what it is an array of.
 */
export type TypeDefinition =
  /** Of an enum: its labels in the order in which they sort. */
  | { readonly kind: "enum"; readonly labels: readonly string[] }
  /** `notNull`: it forbids null itself; what it is based on is not asked. */
  | { readonly kind: "domain"; readonly base: string; readonly notNull?: true }
  /** In the order in which it was declared. */
  | { readonly kind: "composite"; readonly attributes: readonly AttributeDefinition[] }
  | { readonly kind: "range"; readonly subtype: string }
  | { readonly kind: "multirange"; readonly range: string }
  /** An extension's, or one that somebody has written: text. `delimiter` separates elements of its arrays, if it is no comma. */
  | { readonly kind: "base"; readonly delimiter?: string }

export interface AttributeDefinition {
  readonly name: string
  readonly type: string
}

/**
 * A type of TypeScript as data, for whoever writes it down: the code generator makes syntax of it, and gives the names
 * in it others where they would clash.
 */
export type TypeExpression =
  | { readonly kind: "keyword"; readonly name: "bigint" | "boolean" | "null" | "number" | "string" | "unknown" }
  /** Of the JavaScript that is always there. */
  | { readonly kind: "global"; readonly name: "Buffer" | "Date" | "Uint8Array" }
  /** A type that `@kysely-resilient/core/schema` exports. */
  | { readonly kind: "library"; readonly name: LibraryType; readonly of?: TypeExpression }
  /** What a custom type says of itself; `from` is the module that exports it, relative to the policy's own. */
  | { readonly kind: "written"; readonly text: string; readonly from?: string }
  /** The union of its labels. `type` is the enum's name: the generated file declares it once. */
  | { readonly kind: "enum"; readonly type: string; readonly labels: readonly string[] }
  /** An object with these fields. `type` is the composite's name: the generated file declares it once. */
  | { readonly kind: "object"; readonly type: string; readonly fields: readonly FieldExpression[] }
  | { readonly kind: "array"; readonly of: TypeExpression; readonly readonly?: true }
  | { readonly kind: "union"; readonly of: readonly TypeExpression[] }

export interface FieldExpression {
  readonly name: string
  readonly type: TypeExpression
}

export type LibraryType = "Circle" | "IntervalParts" | "JsonInput" | "Point" | "Range"

type Keyword = Extract<TypeExpression, { readonly kind: "keyword" }>

export const BIGINT: Keyword = keyword("bigint")
export const BOOLEAN: Keyword = keyword("boolean")
export const NULL: Keyword = keyword("null")
export const NUMBER: Keyword = keyword("number")
export const STRING: Keyword = keyword("string")
export const UNKNOWN: Keyword = keyword("unknown")

function keyword(name: Keyword["name"]): Keyword {
  return { kind: "keyword", name }
}

export function union(...of: readonly TypeExpression[]): TypeExpression {
  return { kind: "union", of }
}

/** As TypeScript would write it, with every name as it is. */
export function expressionText(expression: TypeExpression): string {
  switch (expression.kind) {
    case "keyword":
    case "global":
      return expression.name
    case "library":
      return expression.of === undefined ? expression.name : `${expression.name}<${expressionText(expression.of)}>`
    case "written":
      return expression.text
    case "enum":
      return expression.labels.length === 0
        ? "never"
        : expression.labels.map((label) => JSON.stringify(label)).join(" | ")
    case "object":
      return `{ ${expression.fields.map(({ name, type }) => `${JSON.stringify(name)}: ${expressionText(type)}`).join("; ")} }`
    case "array":
      return `${expression.readonly ? "readonly " : ""}(${expressionText(expression.of)})[]`
    case "union":
      return expression.of.map((member) => parenthesised(member)).join(" | ")
  }
}

/** `readonly` binds less than a union does. */
function parenthesised(member: TypeExpression): string {
  const text = expressionText(member)
  return member.kind === "written" || (member.kind === "array" && member.readonly) ? `(${text})` : text
}

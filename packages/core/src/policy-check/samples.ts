import type { Policy } from "../schema/policy.ts"
import type { TypeTree } from "../schema/type-tree.ts"
import { identifier } from "./identifier.ts"

/** A value of every built-in type that is more than its text. */
const LITERALS: Readonly<Record<string, string>> = {
  bool: "true",
  bytea: "\\x00ff",
  circle: "<(1,2),3>",
  date: "2020-02-29",
  float4: "1.5",
  float8: "1.5",
  int2: "1",
  int4: "1",
  int8: "1",
  interval: "1 day",
  json: '{"a": 1}',
  jsonb: '{"a": 1}',
  numeric: "1.10",
  oid: "1",
  point: "(1,2)",
  text: "text",
  timestamp: "2020-02-29 12:34:56",
  timestamptz: "2020-02-29 12:34:56+00",
}

/** SQL for a value of a type whose columns are all empty; undefined where none is known, or there may be none. */
export function sampleSql(tree: TypeTree, policy: Policy): string | undefined {
  switch (tree.kind) {
    case "base": {
      const literal = Object.hasOwn(LITERALS, tree.name) ? LITERALS[tree.name] : undefined
      return literal === undefined ? undefined : `'${literal}'::${identifier(tree.name)}`
    }
    case "enum":
      return `(pg_catalog.enum_range(null::${identifier(tree.name)}))[1]`
    case "domain":
      return cast(sampleSql(tree.base, policy), tree.name)
    case "array": {
      const element = sampleSql(tree.element, policy)
      return element && `array[${element}${policy.choices.elements === "nullable" && nullable(tree) ? ", null" : ""}]`
    }
    case "range": {
      const bound = sampleSql(tree.subtype, policy)
      return bound && `${identifier(tree.name)}(${bound}, null)`
    }
    case "multirange": {
      const range = sampleSql(tree.range, policy)
      return range && `${identifier(tree.name)}(${range})`
    }
    case "composite": {
      const attributes = tree.attributes.map(({ type }) => sampleSql(type, policy) ?? "null")
      return cast(`row(${attributes.join(", ")})`, tree.name)
    }
  }
}

/** An array cannot be an element, and a domain may forbid null. */
function nullable({ element }: Extract<TypeTree, { readonly kind: "array" }>): boolean {
  return element.kind !== "array" && element.kind !== "domain"
}

function cast(sql: string | undefined, type: string): string | undefined {
  return sql && `(${sql})::${identifier(type)}`
}

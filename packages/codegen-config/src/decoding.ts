import {
  ArrayExpressionNode,
  GenericExpressionNode,
  IdentifierNode,
  ObjectExpressionNode,
  PropertyNode,
  UnionExpressionNode,
  type ExpressionNode,
} from "kysely-codegen"
import type { Names } from "./names.ts"
import { typeName, withoutDomains, type PgType } from "./tables.ts"

/** What a column gives when it is read, and what it takes when it is written. */
export interface Decoding {
  readonly select: ExpressionNode
  readonly insert: ExpressionNode
  /** The name under which the generated file declares the two; without one they are written out at the column. */
  readonly alias?: string
}

/**
 * What `pg` does with a value of this type when nobody has set a parser, as measured and not as one would wish:
 * `numeric` is text but `numeric[]` are numbers, and an array of anything that `pg` does not know by its OID (an enum,
 * a domain, a composite) stays the raw text "{…}".
 *
 * Two things that no type here says: an array may hold nulls and may have more dimensions than one.
 */
export function decodingOf(type: PgType, names: Names): Decoding {
  const plain = withoutDomains(type)
  if (plain.element) return arrayDecoding(plain.element, names)
  const enumName = plain.labels && names.enums.get(typeName(plain))
  if (enumName) return same(new IdentifierNode(enumName))
  return (plain.schema === "pg_catalog" && scalarDecoding(plain.name, names)) || same(string)
}

/** Element types whose arrays `pg` takes apart. */
const arraysTakenApart: ReadonlySet<string> = new Set(
  (
    "bool bytea int2 int4 oid int8 float4 float8 numeric money text varchar bpchar uuid json jsonb point cidr inet macaddr " +
    "date time timetz timestamp timestamptz interval numrange regproc"
  ).split(" "),
)

function arrayDecoding(element: PgType, names: Names): Decoding {
  const { select, insert } = decodingOf(element, names)
  const inserted = new ArrayExpressionNode(insert)
  if (element.schema === "pg_catalog" && arraysTakenApart.has(element.name)) {
    const selected = new ArrayExpressionNode(element.name === "numeric" ? number : select)
    return { select: selected, insert: select === insert ? selected : inserted }
  }
  // The elements of box[] are separated by semicolons, and pg writes commas.
  return { select: string, insert: typeIsBox(element) ? string : union(inserted, string) }
}

function typeIsBox(element: PgType): boolean {
  const { schema, name } = withoutDomains(element)
  return schema === "pg_catalog" && name === "box"
}

function scalarDecoding(name: string, names: Names): Decoding | undefined {
  const date = new IdentifierNode(names.globals.Date)
  const moment = { select: date, insert: union(date, string) }
  switch (name) {
    case "bool":
      return same(boolean)
    case "int2":
    case "int4":
    case "oid":
    case "float4":
    case "float8":
      return same(number)
    case "int8":
      return { alias: names.aliases.Int8, select: string, insert: union(bigint, number, string) }
    case "numeric":
      return { alias: names.aliases.Numeric, select: string, insert: union(number, string) }
    case "date":
      return { alias: names.aliases.LocalMidnight, ...moment }
    case "timestamp":
      return { alias: names.aliases.LocalTimestamp, ...moment }
    case "timestamptz":
      return { alias: names.aliases.Timestamp, ...moment }
    case "interval":
      return { alias: names.aliases.Interval, select: new IdentifierNode(names.aliases.IntervalParts), insert: string }
    case "json":
    case "jsonb":
      return { alias: names.aliases.Json, select: unknown, insert: new IdentifierNode(names.aliases.JsonInput) }
    case "bytea":
      return {
        alias: names.aliases.Bytes,
        select: new IdentifierNode(names.globals.Buffer),
        insert: new IdentifierNode(names.globals.Uint8Array),
      }
    case "point":
      return { alias: names.aliases.Point, select: new IdentifierNode(names.aliases.PointParts), insert: string }
    case "circle":
      return { alias: names.aliases.Circle, select: new IdentifierNode(names.aliases.CircleParts), insert: string }
    default:
      return undefined
  }
}

const [bigint, boolean, number, string, unknown] = [
  new IdentifierNode("bigint"),
  new IdentifierNode("boolean"),
  new IdentifierNode("number"),
  new IdentifierNode("string"),
  new IdentifierNode("unknown"),
]

function same(node: ExpressionNode): Decoding {
  return { select: node, insert: node }
}

export function union(...nodes: readonly ExpressionNode[]): ExpressionNode {
  return new UnionExpressionNode([...nodes])
}

function numbers(...keys: readonly string[]): ExpressionNode {
  return new ObjectExpressionNode(keys.map((key) => new PropertyNode(key, number)))
}

/** What the aliases above are made of. */
export function partDefinitions({ aliases, globals }: Names): Readonly<Record<string, ExpressionNode>> {
  const interval = numbers("years", "months", "days", "hours", "minutes", "seconds", "milliseconds")
  const jsonObject = new GenericExpressionNode(globals.Record, [string, unknown])
  return {
    [aliases.CircleParts]: numbers("x", "y", "radius"),
    // pg leaves out what is zero.
    [aliases.IntervalParts]: new GenericExpressionNode(globals.Partial, [interval]),
    // No arrays: pg would send them as arrays of PostgreSQL's.
    [aliases.JsonInput]: union(jsonObject, boolean, number, string),
    [aliases.PointParts]: numbers("x", "y"),
  }
}

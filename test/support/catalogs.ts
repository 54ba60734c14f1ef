import type {
  Catalog,
  ColumnRow,
  ConstraintRow,
  RelationRow,
  TypeRow,
} from "@kysely-resilient/core/src/schema-check/catalog.ts"

/** A column with where it is, so that a catalogue can be written as a list of columns. */
export interface PlacedColumn extends Omit<ColumnRow, "number" | "refusesNull" | "dimensions"> {
  readonly schema: string
  readonly table: string
  readonly relationKind: RelationRow["kind"]
  readonly tableComment: string | null
  readonly refusesNull?: boolean
  readonly dimensions?: number
}

/** A column of table `t` that anybody may write, of type text. */
export function columnRow(change: Partial<PlacedColumn> = {}): PlacedColumn {
  return {
    schema: "public",
    table: "t",
    relationKind: "r",
    tableComment: null,
    name: "c",
    typeOid: oids.text,
    notNull: true,
    hasDefault: false,
    identity: "",
    computed: false,
    writable: true,
    comment: null,
    ...change,
  }
}

export function constraintRow(change: Partial<ConstraintRow> = {}): ConstraintRow {
  return {
    name: "t_c_key",
    kind: "u",
    primary: false,
    schema: "public",
    table: "t",
    own: true,
    columns: ["c"],
    deferrable: false,
    expression: false,
    partial: false,
    references: null,
    aliases: [],
    ...change,
  }
}

/** A foreign key from `posts.author` to `users.id`. */
export function foreignKeyRow(change: Partial<ConstraintRow> = {}): ConstraintRow {
  const references = { schema: "public", table: "users", own: true, columns: ["id"] }
  return constraintRow({
    name: "posts_author_fk",
    kind: "f",
    table: "posts",
    columns: ["author"],
    references,
    ...change,
  })
}

function typeRow(oid: number, name: string, change: Partial<TypeRow> = {}): TypeRow {
  return {
    oid,
    schema: "pg_catalog",
    name,
    kind: "b",
    baseOid: 0,
    dimensions: 0,
    elementOid: 0,
    boundOid: 0,
    rangeOid: 0,
    delimiter: ",",
    notNull: false,
    hasDefault: false,
    labels: null,
    attributes: null,
    checks: null,
    comment: null,
    ...change,
  }
}

export const oids = {
  text: 25,
  int8: 20,
  jsonb: 3802,
  numeric: 1700,
  numericArray: 1231,
  enum: 9001,
  price: 9002,
  fee: 9003,
  prices: 9004,
  quotedEnum: 9005,
  pair: 9006,
  empty: 9007,
  emptyArray: 9008,
}

const types: readonly TypeRow[] = [
  typeRow(oids.text, "text"),
  typeRow(oids.int8, "int8"),
  typeRow(oids.jsonb, "jsonb"),
  typeRow(oids.numeric, "numeric"),
  typeRow(oids.numericArray, "_numeric", { elementOid: oids.numeric }),
  typeRow(oids.enum, "mood", { schema: "public", kind: "e", labels: ["sad", "ok"] }),
  typeRow(oids.quotedEnum, "Mood", { schema: "public", kind: "e", labels: ["loud"] }),
  typeRow(oids.empty, "nothing_yet", { schema: "public", kind: "e" }),
  typeRow(oids.emptyArray, "_nothing_yet", { schema: "public", elementOid: oids.empty }),
  typeRow(oids.price, "price", {
    schema: "public",
    kind: "d",
    baseOid: oids.numeric,
    notNull: true,
    checks: ["price_check"],
  }),
  typeRow(oids.fee, "fee", {
    schema: "public",
    kind: "d",
    baseOid: oids.price,
    hasDefault: true,
    checks: ["fee_check"],
  }),
  typeRow(oids.prices, "_price", { schema: "public", elementOid: oids.price }),
  typeRow(oids.pair, "pair", {
    schema: "public",
    kind: "c",
    attributes: [
      { name: "amount", typeOid: oids.price, dimensions: 0 },
      { name: "mood", typeOid: oids.enum, dimensions: 0 },
    ],
  }),
]

export interface CatalogParts {
  readonly constraints?: readonly ConstraintRow[]
  /** By `schema.table`: the parsed query of a view. */
  readonly rules?: Readonly<Record<string, string>>
}

export function catalogOf(
  columns: readonly PlacedColumn[],
  { constraints = [], rules = {} }: CatalogParts = {},
): Catalog {
  const byTable = Map.groupBy(columns, (row) => JSON.stringify([row.schema, row.table]))
  const relations = [...byTable.values()].flatMap((rows, index): readonly RelationRow[] => {
    const [first] = rows
    if (!first) return []
    const { schema, table: name, relationKind: kind, tableComment: comment } = first
    const rule = rules[`${schema}.${name}`] ?? null
    const placed = rows.map(({ schema: _, table: __, relationKind: ___, tableComment: ____, ...row }, at) => ({
      ...row,
      number: at + 1,
      refusesNull: row.refusesNull ?? row.notNull,
      dimensions: row.dimensions ?? 0,
    }))
    return [{ oid: 100 + index, schema, name, kind, comment, visible: true, permitted: true, rule, columns: placed }]
  })
  const names = [...new Set(relations.map(({ schema }) => schema))]
  const session = {
    user: "app",
    database: "shop",
    searchPath: '"$user", public',
    schemas: names.map((name) => ({ name, usable: true })),
  }
  return { session, relations, types, constraints }
}

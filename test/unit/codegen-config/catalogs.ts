import type { Catalog, ColumnRow, TypeRow } from "@kysely-resilient/codegen-config/src/catalog.ts"

/** A column of table `t` that anybody may write, of type text. */
export function columnRow(change: Partial<ColumnRow> = {}): ColumnRow {
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

function typeRow(oid: number, name: string, change: Partial<TypeRow> = {}): TypeRow {
  return {
    oid,
    schema: "pg_catalog",
    name,
    baseOid: 0,
    elementOid: 0,
    notNull: false,
    hasDefault: false,
    labels: null,
    comment: null,
    ...change,
  }
}

export const oids = {
  text: 25,
  int8: 20,
  numeric: 1700,
  numericArray: 1231,
  enum: 9001,
  price: 9002,
  fee: 9003,
  prices: 9004,
  quotedEnum: 9005,
}

const types: readonly TypeRow[] = [
  typeRow(oids.text, "text"),
  typeRow(oids.int8, "int8"),
  typeRow(oids.numeric, "numeric"),
  typeRow(oids.numericArray, "_numeric", { elementOid: oids.numeric }),
  typeRow(oids.enum, "mood", { schema: "public", labels: ["sad", "ok"] }),
  typeRow(oids.quotedEnum, "Mood", { schema: "public", labels: ["loud"] }),
  typeRow(oids.price, "price", { schema: "public", baseOid: oids.numeric, notNull: true }),
  typeRow(oids.fee, "fee", { schema: "public", baseOid: oids.price, hasDefault: true }),
  typeRow(oids.prices, "_price", { schema: "public", elementOid: oids.price }),
]

export function catalogOf(...columns: readonly ColumnRow[]): Catalog {
  return { columns, types }
}

import type { TypeRow } from "./catalog.ts"

/** A type of the database with what it is made of. */
export interface PgType {
  readonly schema: string
  readonly name: string
  readonly kind: TypeRow["kind"]
  readonly comment: string | null
  /** Of an array. */
  readonly element?: PgType
  /** Of a domain: what it restricts, which may be a domain again. */
  readonly restricts?: PgType
  /** Of a domain over an array: with how many it was declared. */
  readonly dimensions?: number
  /** Of a range: what it is a range of. */
  readonly bound?: PgType
  /** Of a multirange: what it has several of. */
  readonly range?: PgType
  /** What separates the elements of its arrays. */
  readonly delimiter: string
  /** Of a composite, in its order. */
  readonly attributes?: readonly { readonly name: string; readonly type: PgType; readonly dimensions: number }[]
  /** Of an enum, in the order in which it sorts. */
  readonly labels?: readonly string[]
  /** Of a domain: it forbids null itself, whatever the domains below it say. */
  readonly forbidsNull?: true
  /** Of a domain: it has a default itself. */
  readonly hasDefault?: true
  /** Of a domain: the names of its own checks. */
  readonly checks?: readonly string[]
}

/** Types by their OID. PostgreSQL lets no type contain itself, so this ends. */
export function pgTypes(rows: readonly TypeRow[]): (oid: number) => PgType {
  const byOid = new Map(rows.map((row) => [row.oid, row]))
  const made = new Map<number, PgType>()
  const typeOf = (oid: number): PgType => {
    const known = made.get(oid)
    if (known) return known
    const row = byOid.get(oid)
    if (!row) throw new Error(`The catalogue does not say what the type with OID ${oid} is`)
    const type = fromRow(row, typeOf)
    made.set(oid, type)
    return type
  }
  return typeOf
}

function fromRow(row: TypeRow, typeOf: (oid: number) => PgType): PgType {
  const { schema, name, kind, comment, baseOid, elementOid, boundOid, rangeOid, labels, attributes, checks } = row
  const domain = kind === "d"
  return {
    schema,
    name,
    kind,
    comment,
    ...(elementOid !== 0 && { element: typeOf(elementOid) }),
    ...(baseOid !== 0 && { restricts: typeOf(baseOid) }),
    ...(row.dimensions > 0 && { dimensions: row.dimensions }),
    delimiter: row.delimiter,
    ...(boundOid !== 0 && { bound: typeOf(boundOid) }),
    ...(rangeOid !== 0 && { range: typeOf(rangeOid) }),
    ...(attributes && {
      attributes: attributes.map(({ typeOid, ...part }) => ({ ...part, type: typeOf(typeOid) })),
    }),
    ...(kind === "e" && { labels: labels ?? [] }),
    ...(domain && row.notNull && { forbidsNull: true }),
    ...(domain && row.hasDefault && { hasDefault: true }),
    ...(domain && checks && { checks }),
  }
}

/**
 * `int8`, `numeric[]`, `public.signal_kind`: PostgreSQL's internal names, with the schema of everything that is not
 * built in.
 */
export function typeName({ schema, name, element }: PgType): string {
  if (element) return `${typeName(element)}[]`
  return schema === "pg_catalog" ? name : `${schema}.${name}`
}

/** With `[]` for each dimension of an array that was declared with more than one. */
export function dimensionedName(type: PgType, dimensions: number): string {
  return typeName(type) + "[]".repeat(Math.max(dimensions - 1, 0))
}

/** What is left when the domains are taken off, which is what the server names when it sends rows. */
export function withoutDomains(type: PgType): PgType {
  return type.restricts ? withoutDomains(type.restricts) : type
}

/** The domains of a type from the outermost inwards; none for everything that is not a domain. */
export function domainsOf(type: PgType): readonly PgType[] {
  return type.restricts ? [type, ...domainsOf(type.restricts)] : []
}

/** The type itself and everything that it is made of. */
export function partsOf(type: PgType): readonly PgType[] {
  const parts = [
    type.element,
    type.restricts,
    type.bound,
    type.range,
    ...(type.attributes ?? []).map((part) => part.type),
  ]
  return [type, ...parts.flatMap((part) => (part ? partsOf(part) : []))]
}

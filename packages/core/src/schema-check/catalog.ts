/** What a database says of the wanted schemas; the rest of this folder follows from it. */
export interface Catalog {
  readonly session: SessionRow
  readonly relations: readonly RelationRow[]
  /** Every type that some column is of or is made of. */
  readonly types: readonly TypeRow[]
  readonly constraints: readonly ConstraintRow[]
}

/** Who asks, and what their unqualified names find. */
export interface SessionRow {
  readonly user: string
  readonly database: string
  readonly searchPath: string
  /** Those of the wanted schemas that exist. */
  readonly schemas: readonly { readonly name: string; readonly usable: boolean }[]
}

/** A table, partitioned or foreign table, view or materialized view. */
export interface RelationRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: "r" | "p" | "f" | "v" | "m"
  readonly comment: string | null
  /** The search path finds it by its bare name. */
  readonly visible: boolean
  /** Whoever asks may read or write some of it. */
  readonly permitted: boolean
  /** Of a view: the parsed query, in PostgreSQL's own notation. */
  readonly rule: string | null
  readonly columns: readonly ColumnRow[]
}

export interface ColumnRow {
  readonly name: string
  /** Its place in the catalogue, which dropped columns keep: not always that in the list. */
  readonly number: number
  readonly typeOid: number
  /** As many as it was declared with; PostgreSQL holds nobody to it, and 0 is said of arrays in views. */
  readonly dimensions: number
  /** Nothing that it gives is null: no row, and no row of a table that inherits it. */
  readonly notNull: boolean
  /** It refuses null, whatever older rows hold. */
  readonly refusesNull: boolean
  readonly hasDefault: boolean
  /** "a": GENERATED ALWAYS AS IDENTITY, "d": BY DEFAULT, "": no identity. */
  readonly identity: "a" | "d" | ""
  /** Of GENERATED ALWAYS AS (expression), stored or virtual. */
  readonly computed: boolean
  /** False for a view's column that neither the view nor a trigger of it can pass on. */
  readonly writable: boolean
  readonly comment: string | null
}

export interface TypeRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** "b"ase, "c"omposite, "d"omain, "e"num, "p"seudo, "r"ange, "m"ultirange. */
  readonly kind: "b" | "c" | "d" | "e" | "p" | "r" | "m"
  /** Of a domain: what it restricts, which may be a domain again; 0 for everything else. */
  readonly baseOid: number
  /** Of a domain over an array: with how many it was declared; 0 for everything else. */
  readonly dimensions: number
  /** What an array is an array of; 0 for everything else. */
  readonly elementOid: number
  /** What a range is a range of; 0 for everything else. */
  readonly boundOid: number
  /** What a multirange has several of; 0 for everything else. */
  readonly rangeOid: number
  /** What separates the elements of its arrays. */
  readonly delimiter: string
  readonly notNull: boolean
  readonly hasDefault: boolean
  /** Of an enum, in the order in which it sorts. */
  readonly labels: readonly string[] | null
  /** Of a composite. */
  readonly attributes:
    | readonly { readonly name: string; readonly typeOid: number; readonly dimensions: number }[]
    | null
  /** The names of a domain's own checks. */
  readonly checks: readonly string[] | null
  readonly comment: string | null
}

/** A constraint, or a unique index that is none, of a wanted table or of one that points to a wanted table. */
export interface ConstraintRow {
  readonly name: string
  /** "u": a primary key, too. "x": an exclusion, which keys without overlaps are. */
  readonly kind: "u" | "c" | "f" | "x"
  readonly primary: boolean
  readonly schema: string
  readonly table: string
  /** The table is a wanted one, and not a partition or another schema's. */
  readonly own: boolean
  readonly columns: readonly string[]
  readonly deferrable: boolean
  readonly expression: boolean
  readonly partial: boolean
  readonly references: {
    readonly schema: string
    readonly table: string
    readonly own: boolean
    readonly columns: readonly string[]
  } | null
  /** What it is called on partitions, if it is called something else there. */
  readonly aliases: readonly string[]
}

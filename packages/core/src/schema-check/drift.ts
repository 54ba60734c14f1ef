/** One thing in which a database is not what a schema says. */
export type SchemaDrift = Drifted & {
  /** A query that compiles may fail, or give what its type does not say. */
  readonly breaking: boolean
  /** For a person: what differs, by name, and how. */
  readonly message: string
}

type Drifted =
  | { readonly kind: "table_missing" | "table_added"; readonly table: string }
  | { readonly kind: "column_missing" | "column_added"; readonly table: string; readonly column: string }
  | {
      /** One column went and one just like it came. */
      readonly kind: "column_renamed"
      readonly table: string
      readonly column: string
      readonly database: string
    }
  | ({ readonly kind: "table_changed"; readonly table: string; readonly property: "kind" } & Sides)
  | ({
      readonly kind: "column_changed"
      readonly table: string
      readonly column: string
      readonly property: "type" | "base" | "labels" | "nullable" | "generated" | "refusesNull"
    } & Sides)
  | { readonly kind: "constraint_missing" | "constraint_added"; readonly table: string; readonly constraint: string }
  | {
      readonly kind: "constraint_renamed"
      readonly table: string
      readonly constraint: string
      readonly database: string
    }
  | ({
      readonly kind: "constraint_changed"
      readonly table: string
      readonly constraint: string
      readonly property: "kind" | "columns" | "references" | "deferrable" | "expression" | "partial"
    } & Sides)
  | ({ readonly kind: "type_changed"; readonly type: string } & Sides)
  /** What this connection finds when it asks, whatever the database holds. */
  | { readonly kind: "schema_missing" | "schema_forbidden" | "schema_hidden"; readonly schema: string }
  | { readonly kind: "table_hidden"; readonly table: string; readonly schema: string }
  | { readonly kind: "table_forbidden"; readonly table: string }

/** The same property twice, as text. */
interface Sides {
  readonly file: string
  readonly database: string
}

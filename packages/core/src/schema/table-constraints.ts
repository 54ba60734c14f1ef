/** A constraint of the table itself, or of a domain that one of its columns is of, or a unique index that is no constraint. */
export interface OwnConstraint {
  /** Which error its violation is. */
  readonly kind: "unique" | "check" | "exclusion" | "foreign_key"
  /** As queries name them, in the constraint's order; expressions have no column. */
  readonly columns: readonly string[]
  /** Of a foreign key. */
  readonly references?: ConstraintTarget
  /** It may be checked at COMMIT only. */
  readonly deferrable?: true
  /** Not only of columns: `lower(email)`. */
  readonly expression?: true
  /** Of some rows only: `where deleted_at is null`. */
  readonly partial?: true
}

/** A foreign key of another table that points here: deleting or changing a row here may violate it. */
export interface InboundConstraint {
  readonly kind: "foreign_key"
  /** Whose foreign key it is. */
  readonly table: string
  readonly columns: readonly string[]
  readonly references: ConstraintTarget
  readonly deferrable?: true
}

export interface ConstraintTarget {
  readonly table: string
  readonly columns: readonly string[]
}

/** What can be violated by writing to one table: by insert what is its `own`, by delete what is `inbound`, by update both. */
export interface TableConstraints {
  readonly own: Readonly<Record<string, OwnConstraint>>
  readonly inbound: Readonly<Record<string, InboundConstraint>>
  /** The columns that refuse null, those of a NOT NULL domain too. */
  readonly notNull: readonly string[]
  /** What the constraints of partitions are called, which is what the server reports, to the name of the table's own. */
  readonly aliases?: Readonly<Record<string, string>>
}

import type { ErrorBase } from "./error-base.ts"
import { named, type Words } from "./words.ts"

export type ConstraintKind =
  | "unique_violation"
  | "foreign_key_violation"
  | "check_violation"
  | "not_null_violation"
  | "exclusion_violation"
  | "integrity_constraint_violation"

/** The data breaks a rule of the schema. Nothing was applied. */
export interface ConstraintError<
  K extends ConstraintKind,
  Constraint extends string | null = string | null,
  Columns extends readonly string[] = readonly string[],
  Table extends string | null = string | null,
> extends ErrorBase<K, "constraint"> {
  /**
   * The constraint's name (or the unique index's), as far as the schema promises that this statement may violate it; null for any
   * other, as one of a trigger's or of a cascade's, and where PostgreSQL names none. Of statements whose table is not known
   * (a SELECT, raw SQL) the name as the server said it.
   */
  readonly constraint: Constraint
  /** The name as the server said it, promised or not; for a partition it is the partition's own. */
  readonly constraintName: string | null
  /** Whose constraint it is; where `constraint` is null, the table that PostgreSQL names, as queries name it. For a foreign key it is always the referencing one. */
  readonly table: Table
  /** The columns that are known to take part, in the constraint's order; empty where none are. */
  readonly columns: Columns
}

export interface UniqueViolation<
  Constraint extends string | null = string | null,
  Columns extends readonly string[] = readonly string[],
  Table extends string | null = string | null,
> extends ConstraintError<"unique_violation", Constraint, Columns, Table> {}

export interface ForeignKeyViolation<
  Constraint extends string | null = string | null,
  Columns extends readonly string[] = readonly string[],
  Table extends string | null = string | null,
> extends ConstraintError<"foreign_key_violation", Constraint, Columns, Table> {}

export interface CheckViolation<
  Constraint extends string | null = string | null,
  Columns extends readonly string[] = readonly string[],
  Table extends string | null = string | null,
> extends ConstraintError<"check_violation", Constraint, Columns, Table> {}

export interface ExclusionViolation<
  Constraint extends string | null = string | null,
  Columns extends readonly string[] = readonly string[],
  Table extends string | null = string | null,
> extends ConstraintError<"exclusion_violation", Constraint, Columns, Table> {}

/** A column must not be null. It says so by the column: PostgreSQL names no constraint for it. */
export interface NotNullViolation<Column extends string | null = string | null> extends ConstraintError<
  "not_null_violation",
  null,
  readonly NonNullable<Column>[]
> {
  /** The column, as far as the schema promises that this statement may violate it; null for any other, as one that a trigger sets. */
  readonly column: Column
  /** The column as the server said it; null for a value of a NOT NULL domain. */
  readonly columnName: string | null
}

/** A rule that PostgreSQL does not tell apart further; triggers raise it too. */
export interface IntegrityConstraintViolation<Constraint extends string | null = string | null> extends ConstraintError<
  "integrity_constraint_violation",
  Constraint
> {}

export type AnyConstraintError =
  | UniqueViolation
  | ForeignKeyViolation
  | CheckViolation
  | NotNullViolation
  | ExclusionViolation
  | IntegrityConstraintViolation

export const CONSTRAINT_WORDS: Words<ConstraintKind> = {
  unique_violation: (facts) =>
    `The row would break ${named("the unique constraint", facts.constraint)}${named(" of table", facts.table)}: another row has the same key`,
  foreign_key_violation: (facts) =>
    `The change would break ${named("the foreign key", facts.constraint)}${named(" of table", facts.table)}: a row that is referred to does not exist, or is still referred to`,
  check_violation: (facts) =>
    `The row would break ${named("the check", facts.constraint)}${named(" of table", facts.table)}`,
  not_null_violation: (facts) =>
    `${named("The column", facts.column)}${named(" of table", facts.table)} must not be null${named(" (domain", facts.dataType, ")")}`,
  exclusion_violation: (facts) =>
    `The row would break ${named("the exclusion constraint", facts.constraint)}${named(" of table", facts.table)}: it collides with another row`,
  integrity_constraint_violation: (facts) =>
    `The change would break ${named("a constraint", facts.constraint)}${named(" of table", facts.table)}`,
}

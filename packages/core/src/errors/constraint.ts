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
> extends ErrorBase<K, "constraint"> {
  /** The constraint's name (or the unique index's); null where PostgreSQL names none, as for NOT NULL. */
  readonly constraint: Constraint
  /** The table that PostgreSQL names: for a foreign key on DELETE it is the referencing one, for a partition the partition. */
  readonly table: string | null
  /** The columns that are known to take part; empty where none are. */
  readonly columns: Columns
}

export type UniqueViolation<C extends string | null = string | null> = ConstraintError<"unique_violation", C>
export type ForeignKeyViolation<C extends string | null = string | null> = ConstraintError<"foreign_key_violation", C>
export type CheckViolation<C extends string | null = string | null> = ConstraintError<"check_violation", C>
export type NotNullViolation = ConstraintError<"not_null_violation">
export type ExclusionViolation<C extends string | null = string | null> = ConstraintError<"exclusion_violation", C>

/** A rule that PostgreSQL does not tell apart further; triggers raise it too. */
export type IntegrityConstraintViolation = ConstraintError<"integrity_constraint_violation">

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

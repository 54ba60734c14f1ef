import { AVAILABILITY_WORDS } from "./availability.ts"
import { BUG_WORDS } from "./bug.ts"
import { CONFLICT_WORDS } from "./conflict.ts"
import { CONSTRAINT_WORDS } from "./constraint.ts"
import type { Category } from "./error-base.ts"
import { LIMIT_WORDS } from "./limit.ts"
import type { ErrorKind } from "./redaction.ts"
import { REQUEST_WORDS } from "./request.ts"
import { RESULT_WORDS } from "./result.ts"
import type { Words } from "./words.ts"

export const WORDS: Words<ErrorKind> = {
  ...CONSTRAINT_WORDS,
  ...CONFLICT_WORDS,
  ...LIMIT_WORDS,
  ...AVAILABILITY_WORDS,
  ...REQUEST_WORDS,
  ...RESULT_WORDS,
  ...BUG_WORDS,
}

const TABLES: readonly (readonly [Category, object])[] = [
  ["constraint", CONSTRAINT_WORDS],
  ["conflict", CONFLICT_WORDS],
  ["limit", LIMIT_WORDS],
  ["availability", AVAILABILITY_WORDS],
  ["request", REQUEST_WORDS],
  ["result", RESULT_WORDS],
  ["bug", BUG_WORDS],
]

const CATEGORY_OF: ReadonlyMap<string, Category> = new Map(
  TABLES.flatMap(([category, words]) => Object.keys(words).map((kind) => [kind, category] as const)),
)

export function categoryOf(kind: ErrorKind): Category {
  return CATEGORY_OF.get(kind) ?? "bug"
}

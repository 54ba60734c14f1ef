import { CamelCasePlugin } from "kysely"
import type { SchemaSource } from "../schema/define-schema.ts"

/** Kysely's own way from `snake_case` to `camelCase`, so that it is the same in types and in queries. */
class CamelCase extends CamelCasePlugin {
  of(name: string): string {
    return this.camelCase(name)
  }

  back(name: string): string {
    return this.snakeCase(name)
  }
}

const camelCase = new CamelCase()

/** What queries call what the database calls `name`. */
export function queryName(name: string, source: Pick<SchemaSource, "camelCase">): string {
  return source.camelCase ? camelCase.of(name) : name
}

/** What queries send for the name that they use. Not every name comes back as it was: `line_1` becomes `line1`, and stays so. */
export function sentName(name: string, source: Pick<SchemaSource, "camelCase">): string {
  return source.camelCase ? camelCase.back(name) : name
}

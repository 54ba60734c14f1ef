import type { Policy } from "@kysely-resilient/core/schema"
import { withoutDomains, type Column, type Table } from "@kysely-resilient/core/schema-check"
import type { CheckedConfig } from "./check-config.ts"
import { CodegenConfigError } from "./errors.ts"

/**
 * A setting for something that the database does not have would silently do nothing.
 *
 * @throws CodegenConfigError with all of them
 */
export function refuseUnknownNames(tables: readonly Table[], config: CheckedConfig, policy: Policy): void {
  const { json, overrides, views, brands } = config
  const columns = new Map<string, Column>(
    tables.flatMap((table) => table.columns.map((column) => [`${table.key}.${column.name}`, column] as const)),
  )
  const missing = (option: string, names: readonly string[]): readonly string[] =>
    names.filter((name) => !columns.has(name)).map((name) => `${option} names ${name}, and there is no such column`)
  const noJson = Object.keys(json).filter((name) => {
    const column = columns.get(name)
    const type = column && withoutDomains(column.type)
    return type && !(type.schema === "pg_catalog" && (type.name === "json" || type.name === "jsonb"))
  })
  const problems = [
    ...missing("json", Object.keys(json)),
    ...missing("overrides", Object.keys(overrides)),
    ...missing("brands.names", Object.keys(brands.names)),
    ...noJson.map((name) => `json names ${name}, which is no column of type json or jsonb`),
    ...(Object.keys(json).length > 0 && policy.choices.json === "string"
      ? ['json says what columns hold, and the policy leaves them as text: choose json: "unknown"']
      : []),
    ...Object.entries(views).flatMap(([name, notNull]) => {
      const view = tables.find(({ key }) => key === name)
      if (view?.kind !== "view") return [`views names ${name}, and there is no such view`]
      const unknown = notNull.filter((column) => !view.columns.some((known) => known.name === column))
      return unknown.map((column) => `views names ${name}.${column}, and there is no such column`)
    }),
  ]
  if (problems.length > 0) throw new CodegenConfigError(problems)
}

import { typeName, type PgType, type Table } from "@kysely-resilient/core/schema-check"
import { partsOf } from "@kysely-resilient/core/schema-check"
import type { Names } from "./names.ts"

/** What is said of each declaration, by its name: of built-in types by us, of others and of tables by the database. */
export function docsFor(tables: readonly Table[], names: Names, comments: boolean): ReadonlyMap<string, string> {
  const parts: readonly PgType[] = tables.flatMap((table) => table.columns.flatMap(({ type }) => partsOf(type)))
  const typesOfAlias = Map.groupBy(names.aliases, ([, name]) => name)
  const documented: readonly (readonly [string | undefined, string | null])[] = [
    ...[...typesOfAlias].map(([name, types]) => {
      const listed = types.map(([type]) => type).toSorted()
      const hint = listed.flatMap((type) => (Object.hasOwn(hints, type) ? (hints[type] ?? []) : []))
      return [name, [`${listed.join(", ")}.`, ...new Set(hint)].join(" ")] as const
    }),
    ...(comments ? parts.map((type) => [names.types.get(typeName(type)), type.comment] as const) : []),
    ...(comments ? tables.map(({ key, comment }) => [names.tables.get(key), comment] as const) : []),
  ]
  return new Map(documented.flatMap(([name, doc]) => (name && doc ? [[name, doc]] : [])))
}

/** Of what is written otherwise than it is read. */
const hints: Readonly<Record<string, string>> = {
  circle: "Written as text: <(1,2),3>.",
  interval: "Written as text: 1 day 2 hours.",
  json: "A text must be JSON already; for arrays and texts there is json(value).",
  jsonb: "A text must be JSON already; for arrays and texts there is json(value).",
  point: "Written as text: (1,2).",
}

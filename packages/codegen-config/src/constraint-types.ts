import type { Constraints, Relations } from "@kysely-resilient/core/schema-check"

/** `DBConstraints`: what the data says, as a type. Names of partitions' constraints are data only. */
export function constraintsText(constraints: Constraints): string {
  const tables = Object.entries(constraints).map(([table, { own, inbound, notNull }]) => {
    const columns = notNull.length === 0 ? "never" : notNull.map((column) => JSON.stringify(column)).join(" | ")
    return `  ${key(table)}: {
    own: ${block(own)};
    inbound: ${block(inbound)};
    notNull: ${columns};
  };
`
  })
  return `/** What writing to each table can violate, for the types of errors. */
export interface DBConstraints ${body(tables)}`
}

/** `DBRelations`: where foreign keys lead, as a type. */
export function relationsText(relations: Relations): string {
  const tables = Object.entries(relations).map(([table, ofTable]) => `  ${key(table)}: ${block(ofTable, "  ")};\n`)
  return `/** Where the foreign keys of each table lead. */
export interface DBRelations ${body(tables)}`
}

function body(lines: readonly string[]): string {
  return lines.length === 0 ? "{}" : `{\n${lines.join("")}}`
}

function block(entries: Readonly<Record<string, unknown>>, indent = "    "): string {
  const lines = Object.entries(entries).map(([name, value]) => `${indent}  ${key(name)}: ${readonlyType(value)};\n`)
  return lines.length === 0 ? "{}" : `{\n${lines.join("")}${indent}}`
}

/** A type that only this value has. */
function readonlyType(value: unknown): string {
  if (Array.isArray(value)) return `readonly [${value.map(readonlyType).join(", ")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([name, part]) => `readonly ${key(name)}: ${readonlyType(part)}`)
  return `{ ${fields.join("; ")} }`
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
}

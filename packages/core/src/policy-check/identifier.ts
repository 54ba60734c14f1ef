/** The name of a type or table, as `SchemaDefinition` has it, for SQL: `int8`, `public.mood`, `audit.log`. */
export function identifier(name: string, schema = "pg_catalog"): string {
  const dot = name.indexOf(".")
  return dot < 0 ? `${quoted(schema)}.${quoted(name)}` : `${quoted(name.slice(0, dot))}.${quoted(name.slice(dot + 1))}`
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

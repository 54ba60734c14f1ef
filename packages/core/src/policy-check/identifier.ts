/** The name of a type, as `SchemaDefinition` has it, for SQL: `int8`, `public.mood`. */
export function identifier(name: string): string {
  const dot = name.indexOf(".")
  return dot < 0 ? `"pg_catalog".${quoted(name)}` : `${quoted(name.slice(0, dot))}.${quoted(name.slice(dot + 1))}`
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

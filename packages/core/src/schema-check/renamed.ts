/** What something is called in the file, to what it is called in the database. */
export type Renamed = ReadonlyMap<string, string>

/**
 * What looks like a renaming: one thing went and one thing came that is just like it. Where several are alike nobody can
 * say which became which, so none of them counts.
 */
export function renamedIn(
  file: Readonly<Record<string, unknown>>,
  database: Readonly<Record<string, unknown>>,
): Renamed {
  const gone = onlyIn(file, database)
  const come = onlyIn(database, file)
  return new Map(
    [...gone].flatMap(([value, names]) => {
      const [from, ...others] = names
      const [to, ...rivals] = come.get(value) ?? []
      return from !== undefined && to !== undefined && others.length + rivals.length === 0 ? [[from, to]] : []
    }),
  )
}

/** Names by what they stand for. */
function onlyIn(
  these: Readonly<Record<string, unknown>>,
  those: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, readonly string[]> {
  const names = Object.keys(these).filter((name) => !Object.hasOwn(those, name))
  return Map.groupBy(names, (name) => JSON.stringify(these[name]))
}

/** An object with its names in code-unit order, which is the same on every machine. */
export function sorted<T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

export function sortedNames(names: Iterable<string>): readonly string[] {
  return [...names].toSorted()
}

/** What an object itself has under a name; nothing of what every object has, as it has for `constructor`. */
export function own<T>(object: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
}

/** The names of either. */
export function namesOf(a: object, b: object): readonly string[] {
  return sortedNames(new Set([...Object.keys(a), ...Object.keys(b)]))
}

/** Of a part of a structure: for people, and to see whether two are the same. */
export function textOf(value: object | string | boolean | undefined): string {
  if (value === undefined) return "none"
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

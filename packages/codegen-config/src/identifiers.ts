/**
 * What a generated file means by these names is JavaScript's or TypeScript's own, in its own text and in types that
 * somebody has written for it, so no declaration may hide them.
 */
const reserved = new Set(
  (
    "Array ArrayBuffer Awaited BigInt Boolean Buffer DB DBConstraints DBRelations DataView Date Error Exclude Extract " +
    "Float32Array Float64Array Function Int16Array Int32Array Int8Array Intl Iterable Iterator JSON Map Math " +
    "NonNullable Number Object Omit Parameters Partial Pick Promise Proxy Readonly ReadonlyArray ReadonlyMap " +
    "ReadonlySet Record RegExp Required ReturnType Set String Symbol Temporal URL Uint16Array Uint32Array Uint8Array " +
    "WeakMap WeakSet globalThis schema structure policy defineSchema"
  ).split(" "),
)

/** The names of one file. Whoever comes first gets the name that it wants; whoever comes later gets one that is left. */
export class Identifiers {
  readonly #taken = new Set(reserved)

  /** `otherwise` is what it becomes if the name is not for taking, before numbers are tried. */
  take(wanted: string, otherwise: string = wanted): string {
    const name = this.#taken.has(wanted) ? this.#free(otherwise) : wanted
    this.#taken.add(name)
    return name
  }

  #free(wanted: string): string {
    if (!this.#taken.has(wanted)) return wanted
    let suffix = 2
    while (this.#taken.has(`${wanted}${suffix}`)) suffix++
    return `${wanted}${suffix}`
  }
}

/**
 * `daily_returns` becomes `DailyReturns`, `audit.log` `AuditLog`, `odd "name"` `OddName`. Letters of every script stay,
 * what cannot stand in a name goes, and what would begin with a digit begins with `_`.
 */
export function pascalCase(name: string): string {
  const words = name.split(/[^\p{ID_Continue}$]+|_+/u).filter((word) => word !== "")
  const joined = words.map((word) => word.replace(/^./u, (letter) => letter.toUpperCase())).join("")
  // Uppercasing one letter may give what no name begins with, and so may a digit or a combining sign.
  return /^[\p{ID_Start}$]/u.test(joined) ? joined : `_${joined}`
}

/** `users` becomes `user`. Only what is regular, and a few words that many schemas have. */
export function singular(word: string): string {
  const [, start = "", last = ""] = /^(.*?)([A-Za-z]*)$/.exec(word) ?? []
  // Of `UserAddresses` and `user_addresses`, the last word only.
  const [, before = "", noun = last] = /^(.*[a-z])([A-Z][a-z]*)$/.exec(last) ?? []
  return start + before + singularNoun(noun)
}

const irregular: Readonly<Record<string, string>> = {
  people: "person",
  children: "child",
  men: "man",
  women: "woman",
  mice: "mouse",
  geese: "goose",
  feet: "foot",
  teeth: "tooth",
  indices: "index",
  vertices: "vertex",
  matrices: "matrix",
  analyses: "analysis",
  crises: "crisis",
  movies: "movie",
  cookies: "cookie",
  series: "series",
  species: "species",
  news: "news",
  aliases: "alias",
  buses: "bus",
}

function singularNoun(noun: string): string {
  const lower = noun.toLowerCase()
  const exception = Object.hasOwn(irregular, lower) ? irregular[lower] : undefined
  if (exception !== undefined)
    return noun[0] === lower[0] ? exception : exception.replace(/^./, (letter) => letter.toUpperCase())
  if (/[^aeiou]ies$/i.test(noun) && noun.length > 4) return `${noun.slice(0, -3)}y`
  if (/(?:ss|x|z|ch|sh|us|status)es$/i.test(noun)) return noun.slice(0, -2)
  return /[^s]s$/i.test(noun) && !/(?:us|is|ss)$/i.test(noun) ? noun.slice(0, -1) : noun
}

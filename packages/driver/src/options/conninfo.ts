import { unreadable, type ParsedString } from "./parsed-string.ts"

const QUOTE = "A value with spaces needs single quotes, keyword='a value'; inside them write \\' and \\\\"

const KEYWORD = /\s*([^\s=]+)\s*(=?)\s*/sy

/** Bare or in single quotes, with `\` before any character that is to stand for itself. */
const VALUE = /'((?:[^'\\]|\\.)*)'(?=\s|$)|((?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)?(?=\s|$)/sy

/**
 * libpq's keyword/value form (PostgreSQL manual, 32.1.1.1): `host=localhost dbname='my db'`.
 */
export function parseConninfo(text: string): ParsedString {
  const values = new Map<string, string>()
  for (let at = 0, nth = 1; at < text.length; nth += 1) {
    KEYWORD.lastIndex = at
    const [, keyword, equals] = KEYWORD.exec(text) ?? []
    if (keyword === undefined || equals !== "=") return unreadable(`has no keyword=value in pair ${nth}`, QUOTE)
    VALUE.lastIndex = KEYWORD.lastIndex
    const found = VALUE.exec(text)
    if (found === null) return unreadable(`has a value in pair ${nth} that cannot be read`, QUOTE)
    at = VALUE.lastIndex
    const [, quoted, bare] = found
    const value = (quoted ?? bare ?? "").replaceAll(/\\(.)/gs, "$1")
    if (values.has(keyword) && values.get(keyword) !== value) {
      return unreadable(`has two different values for one keyword, the second in pair ${nth}`, "Keep one of them")
    }
    values.set(keyword, value)
  }
  return { ok: true, values, names: "secret" }
}

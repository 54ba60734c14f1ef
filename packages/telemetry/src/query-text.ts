import { withoutLiterals } from "@kysely-resilient/driver"

/** Texts that were looked at. A program has so many without a parameter only if it writes values into them. */
const TEXTS_MAX = 200
const texts = new Map<string, string>()

/**
 * `db.query.text`, as the conventions want it: with parameters as it is, for the values are elsewhere; without any somebody has written them into the
 * text, or there are none, and they are taken out.
 */
export function queryTextOf(sql: string): string {
  if (/\$\d/.test(sql)) return sql
  const known = texts.get(sql)
  if (known !== undefined) return known
  const text = withoutLiterals(sql)
  if (texts.size >= TEXTS_MAX) texts.clear()
  texts.set(sql, text)
  return text
}

/** What is said of a statement to whoever reads it on the server. */
export type SqlTags = Readonly<Record<string, string | undefined>>

/** More is no help to a reader, and `pg_stat_activity` shows 1,024 bytes of a statement by default. */
const TAGS_MAX = 16
const LENGTH_MAX = 256

/**
 * Tags as sqlcommenter writes them, `action='place%20order',route='%2Forders'` in a comment, sorted by key; undefined if there is none.
 * Nothing that is said can end the comment or a string: all but letters, digits and `-_.~` is written in percent signs.
 */
export function sqlComment(tags: SqlTags): string | undefined {
  const pairs: string[] = []
  for (const [key, value] of Object.entries(tags)) {
    // Types forbid all but strings, and JavaScript does not.
    if (typeof value !== "string" || key === "") continue
    pairs.push(`${encoded(key)}='${encoded(value)}'`)
    if (pairs.length === TAGS_MAX) break
  }
  return pairs.length === 0 ? undefined : `/*${pairs.toSorted().join()}*/`
}

/** Behind the text, so that the positions that errors name stay right; on a line of its own where the last one may be a comment to its end. */
export function commented(sql: string, comment: string): string {
  const lastLine = sql.lastIndexOf("\n") + 1
  return sql.includes("--", lastLine) ? `${sql}\n${comment}` : `${sql} ${comment}`
}

function encoded(text: string): string {
  // Half of a pair of surrogates, left by the cut or there before, has no encoding.
  return encodeURIComponent(text.slice(0, LENGTH_MAX).toWellFormed()).replaceAll(/[!'()*]/g, inPercent)
}

function inPercent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

import { Undecodable } from "./undecodable.ts"

const [QUOTE, BACKSLASH] = [0x22, 0x5c]

/** A field of a composite or a bound of a range, and where it ends. Null where nothing is written. */
export interface Field {
  readonly text: string | null
  readonly end: number
}

/**
 * Reads from `start` up to one of `ends` that is not quoted. Inside of double quotes a double quote and a backslash are
 * written twice (`record_out`, `range_out`).
 */
export function readField(text: string, start: number, ends: string): Field {
  let at = start
  let out = ""
  let from = start
  let quoted = false
  let wasQuoted = false
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      out += text.slice(from, at)
      // Doubled inside of quotes it stands for itself.
      if (quoted && text.charCodeAt(at + 1) === QUOTE) {
        at += 1
        from = at
      } else {
        quoted = !quoted
        wasQuoted = true
        from = at + 1
      }
    } else if (code === BACKSLASH) {
      out += text.slice(from, at)
      at += 1
      from = at
    } else if (!quoted && ends.includes(text.charAt(at))) break
  }
  if (quoted || at >= text.length) throw new Undecodable("It ends in the middle of a field")
  out += text.slice(from, at)
  return { text: out === "" && !wasQuoted ? null : out, end: at }
}

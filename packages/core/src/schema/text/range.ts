import type { Range } from "../values.ts"
import type { Parse } from "../codec.ts"
import { readField } from "./fields.ts"
import { Undecodable } from "./undecodable.ts"

/** Reads `[1,3)`. */
export function rangeParser(bound: Parse): (text: string) => Range<unknown> {
  return (text) => {
    const { range, end } = readRange(text, 0, bound)
    if (end !== text.length) throw malformed()
    return range
  }
}

/** Reads `{[1,3),[5,9)}`. */
export function multirangeParser(bound: Parse): Parse {
  return (text) => {
    if (!text.startsWith("{") || !text.endsWith("}")) throw malformed()
    const ranges: Range<unknown>[] = []
    let at = 1
    while (at < text.length - 1) {
      const { range, end } = readRange(text, at, bound)
      ranges.push(range)
      at = text.charAt(end) === "," ? end + 1 : end
      if (at === end && end !== text.length - 1) throw malformed()
    }
    return ranges
  }
}

function readRange(
  text: string,
  start: number,
  bound: Parse,
): { readonly range: Range<unknown>; readonly end: number } {
  if (text.startsWith("empty", start)) return { range: { empty: true }, end: start + "empty".length }
  const opening = text.charAt(start)
  if (opening !== "[" && opening !== "(") throw malformed()
  const lower = readField(text, start + 1, ",")
  const upper = readField(text, lower.end + 1, "])")
  const range: Range<unknown> = {
    empty: false,
    lower: lower.text === null ? null : bound(lower.text),
    upper: upper.text === null ? null : bound(upper.text),
    lowerInclusive: opening === "[",
    upperInclusive: text.charAt(upper.end) === "]",
  }
  return { range, end: upper.end + 1 }
}

function malformed(): Undecodable {
  return new Undecodable("It is no range as PostgreSQL writes them")
}

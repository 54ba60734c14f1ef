import type { Parse } from "../codec.ts"
import { Undecodable } from "./undecodable.ts"

export interface ArrayShape {
  /** Between two elements: `typdelim` of the element's type. */
  readonly delimiter: string
  /** False: an element that is null is an error. */
  readonly nullable: boolean
  /** A value with more dimensions is an error. */
  readonly dimensionsMax: number
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, BOUND] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b]

/**
 * Reads arrays as `array_out` writes them (PostgreSQL manual, 8.15.6): any number of dimensions, each an array in the one before;
 * the bounds before an array that does not begin at 1 are left out.
 */
export function arrayParser(element: Parse, { delimiter, nullable, dimensionsMax }: ArrayShape): Parse {
  const separator = delimiter.charCodeAt(0)
  return (text) => {
    if (text === "{}") return []
    let at = text.charCodeAt(0) === BOUND ? text.indexOf("=") + 1 : 0
    if (text.charCodeAt(at) !== OPEN) throw malformed()
    at += 1
    const items = read(1)
    if (at !== text.length) throw malformed()
    return items

    /** From behind the opening brace to behind the closing one. */
    function read(dimension: number): unknown[] {
      if (dimension > dimensionsMax) throw new Undecodable(tooDeep(dimensionsMax))
      const found: unknown[] = []
      for (;;) {
        const code = text.charCodeAt(at)
        if (code === OPEN) {
          at += 1
          found.push(read(dimension + 1))
        } else if (code === QUOTE) found.push(element(quoted()))
        else found.push(plain())
        const after = text.charCodeAt(at)
        at += 1
        if (after === CLOSE) return found
        if (after !== separator) throw malformed()
      }
    }

    function plain(): unknown {
      const start = at
      for (;;) {
        const code = text.charCodeAt(at)
        if (code === separator || code === CLOSE) break
        if (Number.isNaN(code)) throw malformed()
        at += 1
      }
      const raw = text.slice(start, at)
      if (raw !== "NULL") return element(raw)
      if (nullable) return null
      throw new Undecodable('An element is null, and the policy says elements: "notNull"')
    }

    function quoted(): string {
      let out = ""
      let from = at + 1
      for (at = from; ; at += 1) {
        const code = text.charCodeAt(at)
        if (code === QUOTE) break
        if (Number.isNaN(code)) throw malformed()
        if (code !== BACKSLASH) continue
        out += text.slice(from, at)
        at += 1
        from = at
      }
      out += text.slice(from, at)
      at += 1
      return out
    }
  }
}

function tooDeep(dimensionsMax: number): string {
  const declared = dimensionsMax === 1 ? "none with more than one" : `${dimensionsMax} at the most`
  return (
    `It has more dimensions than the schema declares for columns of its type, which is ${declared}. ` +
    "Declare the column with one [] for each and generate the schema again, or select it as json or text"
  )
}

function malformed(): Undecodable {
  return new Undecodable("It is no array as PostgreSQL writes them")
}

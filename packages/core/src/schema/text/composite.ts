import type { Parse } from "../codec.ts"
import { readField } from "./fields.ts"
import { Undecodable } from "./undecodable.ts"

export interface AttributeParser {
  readonly name: string
  readonly parse: Parse
}

/** Reads `(1,"a b",)` into an object; an attribute without a value is null. */
export function compositeParser(attributes: readonly AttributeParser[]): Parse {
  return (text) => {
    const fields = compositeFields(text)
    // A type without attributes is written as one without its only value.
    if (fields.length !== Math.max(attributes.length, 1)) throw new OtherShape()
    const entries = attributes.map(({ name, parse }, index) => {
      const field = fields[index] ?? null
      return [name, field === null ? null : parse(field)] as const
    })
    return Object.fromEntries(entries)
  }
}

/** It has more or fewer attributes than were known: somebody has altered the type. */
export class OtherShape extends Undecodable {
  constructor() {
    super("It has another number of attributes than its type had when the server was asked")
  }
}

function compositeFields(text: string): readonly (string | null)[] {
  if (!text.startsWith("(")) throw new Undecodable("It is no composite value as PostgreSQL writes them")
  const fields: (string | null)[] = []
  let at = 1
  for (;;) {
    const field = readField(text, at, ",)")
    fields.push(field.text)
    at = field.end + 1
    if (text.charAt(field.end) === ")") break
  }
  if (at !== text.length) throw new Undecodable("It is no composite value as PostgreSQL writes them")
  return fields
}

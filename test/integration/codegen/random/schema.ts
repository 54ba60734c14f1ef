import { policy, type Policy, type PolicyChoices } from "@kysely-resilient/core/schema"
import * as fc from "fast-check"

import { quoted, text, type RandomColumn, type RandomSchema, type RandomTable, type RandomType } from "./model.ts"
import { BASE_NAMES, valueOf } from "./values.ts"

type Draw = fc.GeneratorValue

const WORDS = ["user", "order", "select", "class", "date", "json", "type", "value", "item", "note", "default", "of"]

/** What no identifier of a language likes, and what reads as the end of something. */
const ODD = [
  'a "quoted" name',
  "it's",
  "constructor",
  "Mixed Case",
  "größe",
  "表",
  "1st",
  "ends */ here",
  "a\nline",
  "back\\slash",
  "${template}",
  "`tick`",
  "__",
  "DB",
  "x-y",
]

const COMMENTS = ["*/ export {}", "// \n * @deprecated", 'it\'s "so"', "`${x}`", "\\", "\u2028", "<b>"]

const choices: fc.Arbitrary<PolicyChoices> = fc.record({
  int8: fc.constantFrom("bigint", "number", "string"),
  numeric: fc.constantFrom("string", "number"),
  timestamptz: fc.constantFrom("Date", "string"),
  timestamp: fc.constantFrom("Date", "string"),
  date: fc.constantFrom("Date", "string"),
  interval: fc.constantFrom("string", "parts"),
  json: fc.constantFrom("unknown", "string"),
  range: fc.constantFrom("string", "object"),
  composite: fc.constantFrom("object", "string"),
  elements: fc.constantFrom("nullable", "notNull"),
})

const enumLabels = fc.uniqueArray(fc.constantFrom(...WORDS, ...ODD, ""), { minLength: 1, maxLength: 4 })

const RANGED = ["int4", "int8", "numeric", "text", "date", "timestamp", "timestamptz", "float8", "uuid"]

const GENERATED: readonly (readonly [type: string, expression: string])[] = [
  ["int4", "1 + 1"],
  ["text", "'a' || 'b'"],
  ["int8", "(40 + 2)::int8"],
  ["numeric", "1.10::numeric"],
]

/** A schema with rows. Two of them never meet: each has the name that it is given. */
export function randomSchema(name: string): fc.Arbitrary<RandomSchema> {
  return fc.gen().map((draw) => new Maker(draw, name).schema())
}

class Maker {
  readonly #draw: Draw
  readonly #name: string
  readonly #choices: Policy["choices"]
  readonly #camelCase: boolean
  readonly #taken = new Set<string>()
  readonly #declared: string[] = []
  readonly #types: RandomType[] = []

  constructor(draw: Draw, name: string) {
    this.#draw = draw
    this.#name = name
    this.#choices = policy(this.#upTo(1) === 0 ? {} : draw(() => choices)).choices
    this.#camelCase = this.#upTo(3) === 0
  }

  schema(): RandomSchema {
    for (let left = this.#upTo(6); left > 0; left--) this.#declare()
    const other = `${this.#name}_other`
    const tables = Array.from({ length: 1 + this.#upTo(2) }, (_, index) =>
      this.#table(index > 0 && this.#upTo(1) === 0 ? other : this.#name),
    )
    const view = this.#fresh(this.#taken)
    return {
      schemas: [this.#name, other],
      types: this.#declared,
      tables,
      view: { sql: `${quoted(this.#name)}.${quoted(view)}`, key: view },
      choices: this.#choices,
      camelCase: this.#camelCase,
    }
  }

  #upTo(max: number): number {
    return this.#draw(fc.integer, { min: 0, max })
  }

  /** In camelCase only names that find the way back can be used. */
  #fresh(taken: Set<string>): string {
    const odd = !this.#camelCase && this.#upTo(2) === 0
    const name = odd ? this.#draw(fc.constantFrom, ...ODD) : this.#draw(fc.constantFrom, ...WORDS)
    const more = odd || this.#upTo(1) === 0 ? name : `${name}_${this.#draw(fc.constantFrom, ...WORDS)}`
    let fresh = more
    for (let letter = 97; taken.has(fresh); letter++) fresh = `${more}_${String.fromCharCode(letter)}x`
    taken.add(fresh)
    return fresh
  }

  #comment(): string | undefined {
    return this.#upTo(2) === 0 ? this.#draw(fc.constantFrom, ...COMMENTS) : undefined
  }

  /** PostgreSQL keeps types and tables under one roof. */
  #declare(): void {
    const name = this.#fresh(this.#taken)
    const sql = `${quoted(this.#name)}.${quoted(name)}`
    switch (this.#draw(fc.constantFrom, "enum", "domain", "domain", "composite", "range")) {
      case "enum": {
        const labels = this.#draw(() => enumLabels)
        this.#declared.push(`create type ${sql} as enum (${labels.map(text).join(", ")})`)
        this.#types.push({ kind: "enum", sql, labels })
        return
      }
      case "domain": {
        const base = this.#type()
        const notNull = this.#upTo(2) === 0
        this.#declared.push(`create domain ${sql} as ${base.sql}${notNull ? " not null" : ""}`)
        this.#types.push({ kind: "domain", sql, base, notNull })
        return
      }
      case "composite": {
        const taken = new Set<string>()
        const attributes = Array.from({ length: 1 + this.#upTo(3) }, () => ({
          name: this.#fresh(taken),
          type: this.#type(),
        }))
        const list = attributes.map((attribute) => `${quoted(attribute.name)} ${attribute.type.sql}`)
        this.#declared.push(`create type ${sql} as (${list.join(", ")})`)
        this.#types.push({ kind: "composite", sql, attributes })
        return
      }
      default: {
        const many = `${quoted(this.#name)}.${quoted(this.#fresh(this.#taken))}`
        const subtype = builtIn(this.#draw(fc.constantFrom, ...RANGED))
        this.#declared.push(`create type ${sql} as range (subtype = ${subtype.sql}, multirange_type_name = ${many})`)
        const range: RandomType = { kind: "range", sql, subtype }
        this.#types.push(range, { kind: "multirange", sql: many, range })
      }
    }
  }

  #type(): RandomType {
    const known = this.#types.length > 0 && this.#upTo(1) === 0
    const plain = known
      ? this.#draw(fc.constantFrom, ...this.#types)
      : builtIn(this.#draw(fc.constantFrom, ...BASE_NAMES))
    // CamelCasePlugin does not look into arrays of arrays.
    if (this.#upTo(2) > 0 || (this.#camelCase && hasAttributes(plain))) return plain
    const dimensions = this.#upTo(3) === 0 ? 2 : 1
    return { kind: "array", sql: `${plain.sql}${"[]".repeat(dimensions)}`, element: plain, dimensions }
  }

  #table(schema: string): RandomTable {
    const name = this.#fresh(this.#taken)
    const taken = new Set<string>()
    const columns = Array.from({ length: 3 + this.#upTo(15) }, () => this.#column(this.#fresh(taken)))
    const rows = Array.from({ length: 2 + this.#upTo(2) }, () =>
      columns.flatMap(({ always, type, nullable, clause }) => {
        if (always) return []
        if (clause.includes("default") && this.#upTo(1) === 0) return ["default"]
        return [nullable && this.#upTo(3) === 0 ? "null" : valueOf(this.#draw, type, this.#choices)]
      }),
    )
    return {
      sql: `${quoted(schema)}.${quoted(name)}`,
      key: schema === this.#name ? name : `${schema}.${name}`,
      columns,
      comment: this.#comment(),
      rows,
    }
  }

  #column(name: string): RandomColumn {
    const comment = this.#comment()
    switch (this.#upTo(9)) {
      case 0: {
        const always = this.#upTo(1) === 0
        const type = builtIn(this.#draw(fc.constantFrom, "int2", "int4", "int8"))
        return {
          name,
          type,
          nullable: false,
          always,
          comment,
          clause: `generated ${always ? "always" : "by default"} as identity`,
        }
      }
      case 1: {
        const [type, expression] = this.#draw(fc.constantFrom, ...GENERATED)
        const clause = `generated always as (${expression}) stored`
        return { name, type: builtIn(type), nullable: true, always: true, comment, clause }
      }
      default: {
        const type = this.#type()
        const refuses = (of: RandomType): boolean => of.kind === "domain" && (of.notNull || refuses(of.base))
        const nullable = this.#upTo(1) === 0 && !refuses(type)
        const value = this.#upTo(3) === 0 ? valueOf(this.#draw, type, this.#choices) : undefined
        // Nothing that lasts may depend on a role.
        const given = value === undefined || value.includes("regrole") ? "" : ` default ${value}`
        return { name, type, nullable, always: false, comment, clause: `${nullable ? "" : "not null"}${given}` }
      }
    }
  }
}

function hasAttributes(type: RandomType): boolean {
  if (type.kind === "composite") return true
  return type.kind === "domain" ? hasAttributes(type.base) : type.kind === "array" && hasAttributes(type.element)
}

function builtIn(name: string): RandomType {
  return { kind: "base", name, sql: `pg_catalog.${quoted(name)}` }
}

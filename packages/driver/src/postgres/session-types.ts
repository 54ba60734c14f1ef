import {
  catalogAnswer,
  printsAnswer,
  printsQuestion,
  type DescribedTable,
  type Print,
  type Unknowns,
} from "./catalog-question.ts"
import type { CatalogType, ColumnReaders, Decoding, Read, Reader } from "./decoding.ts"
import type { FieldDescription } from "./internals.ts"
import { RecentTexts } from "./recent-texts.ts"

interface Learnt {
  readonly reader: Reader
  readonly prints: ReadonlyMap<number, Print>
  /** It has attributes, which can be altered while it lives. */
  readonly alterable: boolean
}

/** Numbers, by which a text's answer asks whether what is known is still so. */
interface Doubts {
  readonly sql: string
  readonly types: readonly number[]
  readonly tables: readonly number[]
  /** The answer that confirmed it last, and after how many lessons: the same again needs no second look. */
  confirmedBy: string | undefined
  confirmedAt: number
}

/** An application has some ten texts with such types. */
const TEXTS_KEPT = { entriesMax: 100, lengthMax: 8_192 } as const

/**
 * What one session has learnt of the types of its database. It is forgotten with the connection: the next one may lead to
 * another server, or to a database that was restored meanwhile, where the same numbers mean something else.
 *
 * Most of it stays true as long as the connection lives: a type's number is its own until it is dropped. Not so attributes of
 * composites and names of columns, which can be altered; nor anything behind a pooler, which may change servers under us. Such
 * knowledge is only used for an answer whose own transaction has confirmed it.
 */
export class SessionTypes implements ColumnReaders {
  readonly #decoding: Decoding
  readonly #pooled: () => boolean
  readonly #types = new Map<number, Learnt>()
  readonly #tables = new Map<number, DescribedTable>()
  /** By text: what to confirm with it. */
  #doubts = new RecentTexts<Doubts>(TEXTS_KEPT)
  #lessons = 0

  constructor(decoding: Decoding, pooled: () => boolean) {
    this.#decoding = decoding
    this.#pooled = pooled
  }

  /** Of what needs no confirmation. */
  readerOf(field: FieldDescription): Read | undefined {
    return this.#certain(field) ? this.#readerOf(field) : undefined
  }

  typeOf({ dataTypeID }: FieldDescription): string {
    return this.#typeOf(dataTypeID)?.type ?? String(dataTypeID)
  }

  /** Of all that is known, for an answer that has confirmed it. */
  get known(): ColumnReaders {
    return { readerOf: (field) => this.#readerOf(field), typeOf: (field) => this.typeOf(field) }
  }

  /** The question that has to ride with this text, for its last answer has shown what needs confirmation. */
  riderOf(text: string): string | undefined {
    return this.#doubts.get(text)?.sql
  }

  /** Is what is known of these fields still so? If something is not, nothing is known any more. */
  confirms(text: string, answer: readonly (string | null)[], fields: readonly FieldDescription[]): boolean {
    const doubts = this.#doubts.get(text)
    if (doubts === undefined || !this.#covers(doubts, fields)) return false
    const said = answer.join("\n")
    if (doubts.confirmedBy === said && doubts.confirmedAt === this.#lessons) return true
    const [types, tables] = printsAnswer(answer)
    const same =
      doubts.types.every((oid) => {
        const prints = [...(this.#types.get(oid)?.prints ?? [])]
        return prints.length > 0 && prints.every(([part, print]) => types.get(part) === print)
      }) && doubts.tables.every((oid) => tables.get(oid) === this.#tables.get(oid)?.print)
    if (same) {
      doubts.confirmedBy = said
      doubts.confirmedAt = this.#lessons
    } else {
      this.#types.clear()
      this.#tables.clear()
      this.#doubts = new RecentTexts<Doubts>(TEXTS_KEPT)
    }
    return same
  }

  /** Is what was learnt after all what the answer's own transaction has seen, as far as it was asked for? */
  agrees(answer: readonly (string | null)[], { types, tables }: Unknowns): boolean {
    const [ofTypes, ofTables] = printsAnswer(answer)
    const same = (seen: Print | undefined, learnt: Print | undefined): boolean => seen === undefined || seen === learnt
    return (
      types.every((oid) => same(ofTypes.get(oid), this.#types.get(oid)?.prints.get(oid))) &&
      tables.every((oid) => same(ofTables.get(oid), this.#tables.get(oid)?.print))
    )
  }

  /** What has to be asked before all of these can be read. */
  unknownsIn(fields: readonly FieldDescription[]): Unknowns {
    const doubtful = fields.filter((field) => !this.#certain(field))
    const types = doubtful.filter(({ dataTypeID }) => this.#decoding.builtIn(dataTypeID) === undefined)
    const tables = doubtful.filter((field) => this.#dependsOnColumn(field))
    return { types: unique(types.map((field) => field.dataTypeID)), tables: unique(tables.map(tableOf)) }
  }

  /** @param fields the answer to `catalogQuestion(asked)` */
  learn(asked: Unknowns, fields: readonly (string | null)[]): void {
    this.#lessons += 1
    const { types, tables } = catalogAnswer(fields)
    for (const oid of asked.types) this.#types.delete(oid)
    // What they are made of too: it will come by itself.
    for (const [oid, { type, prints }] of types) {
      if (this.#decoding.builtIn(oid) !== undefined) continue
      this.#types.set(oid, { reader: this.#decoding.described(type), prints, alterable: isAlterable(type) })
    }
    for (const oid of asked.tables) this.#tables.set(oid, tables.get(oid) ?? GONE)
  }

  /** From now on the text brings along what asks whether all this is still so. */
  doubt(text: string, fields: readonly FieldDescription[]): void {
    const { types, tables } = this.unknownsIn(fields)
    if (types.length + tables.length === 0) return
    const parts = unique(types.flatMap((oid) => [...(this.#types.get(oid)?.prints.keys() ?? [oid])]))
    const attributes = types.some((oid) => this.#types.get(oid)?.alterable !== false)
    const sql = printsQuestion({ types: parts, tables, attributes })
    this.#doubts.set(text, { sql, types, tables, confirmedBy: undefined, confirmedAt: 0 })
  }

  /** An answer may have other types than its text had the last time. */
  #covers({ types, tables }: Doubts, fields: readonly FieldDescription[]): boolean {
    const doubtful = this.unknownsIn(fields)
    return doubtful.types.every((oid) => types.includes(oid)) && doubtful.tables.every((oid) => tables.includes(oid))
  }

  #readerOf(field: FieldDescription): Read | undefined {
    const reader = this.#typeOf(field.dataTypeID)
    if (reader === undefined || !isColumn(field)) return reader?.read
    const column = this.#tables.get(tableOf(field))?.columns.get(field.columnID ?? 0)
    if (reader.readerOf !== undefined && column !== undefined) return reader.readerOf(column)
    return reader.readColumn ?? reader.read
  }

  #typeOf(oid: number): Reader | undefined {
    return this.#decoding.builtIn(oid) ?? this.#types.get(oid)?.reader
  }

  #certain(field: FieldDescription): boolean {
    if (this.#dependsOnColumn(field)) return false
    if (this.#decoding.builtIn(field.dataTypeID) !== undefined) return true
    const learnt = this.#types.get(field.dataTypeID)
    return learnt !== undefined && !learnt.alterable && !this.#pooled()
  }

  /** Of a type that nobody knows it may. */
  #dependsOnColumn(field: FieldDescription): boolean {
    if (!isColumn(field)) return false
    const reader = this.#typeOf(field.dataTypeID)
    return reader === undefined || reader.readerOf !== undefined
  }
}

const GONE: DescribedTable = { print: "", columns: new Map() }

/** What is worked out in a query is of no table. */
function isColumn(field: FieldDescription): boolean {
  return tableOf(field) !== 0
}

function tableOf({ tableID }: FieldDescription): number {
  return tableID ?? 0
}

function isAlterable(type: CatalogType): boolean {
  switch (type.kind) {
    case "composite":
      return true
    case "array":
      return isAlterable(type.element)
    case "domain":
      return isAlterable(type.base)
    case "range":
      return isAlterable(type.subtype)
    case "multirange":
      return isAlterable(type.range)
    case "base":
    case "enum":
      return false
  }
}

function unique(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)]
}

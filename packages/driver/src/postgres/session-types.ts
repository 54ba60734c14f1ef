import { catalogAnswer, type Unknowns } from "./catalog-question.ts"
import type { ColumnReaders, Decoding, Read, Reader } from "./decoding.ts"
import type { FieldDescription } from "./internals.ts"

type Check = (value: unknown) => unknown

/**
 * What one session has learnt of the types of its database. It is forgotten with the connection: the next one may lead to
 * another server, or to a database that was restored meanwhile, where the same numbers mean something else.
 */
export class SessionTypes implements ColumnReaders {
  readonly #decoding: Decoding
  readonly #types = new Map<number, Reader>()
  readonly #tables = new Map<number, ReadonlyMap<number, Check>>()

  constructor(decoding: Decoding) {
    this.#decoding = decoding
  }

  readerOf(field: FieldDescription): Read | undefined {
    const reader = this.#readerOf(field.dataTypeID)
    if (reader === undefined || !isColumn(field)) return reader?.read
    const read = reader.readColumn ?? reader.read
    if (!this.#mayBeChecked(field)) return read
    const checks = this.#tables.get(field.tableID ?? 0)
    if (checks === undefined) return undefined
    const check = checks.get(field.columnID ?? 0)
    return check === undefined ? read : (text) => check(read(text))
  }

  typeOf({ dataTypeID }: FieldDescription): string {
    return this.#readerOf(dataTypeID)?.type ?? String(dataTypeID)
  }

  /** What has to be asked before all of these can be read. */
  unknownsIn(fields: readonly FieldDescription[]): Unknowns {
    const types = fields.filter((field) => this.#readerOf(field.dataTypeID) === undefined)
    const tables = fields.filter((field) => this.#mayBeChecked(field) && !this.#tables.has(field.tableID ?? 0))
    return {
      types: [...new Set(types.map((field) => field.dataTypeID))],
      tables: [...new Set(tables.map((field) => field.tableID ?? 0))],
    }
  }

  /** @param fields the answer to `catalogQuestion(asked)` */
  learn(asked: Unknowns, fields: readonly (string | null)[]): void {
    const { types, tables } = catalogAnswer(fields)
    for (const oid of asked.types) {
      const type = types.get(oid)
      if (type !== undefined) this.#types.set(oid, this.#decoding.described(type))
    }
    for (const oid of asked.tables) {
      const checks = [...(tables.get(oid) ?? [])].flatMap(([number, column]) => {
        const check = this.#decoding.checkOf(column)
        return check === undefined ? [] : [[number, check] as const]
      })
      this.#tables.set(oid, new Map(checks))
    }
  }

  #readerOf(oid: number): Reader | undefined {
    return this.#decoding.builtIn(oid) ?? this.#types.get(oid)
  }

  #mayBeChecked(field: FieldDescription): boolean {
    return isColumn(field) && this.#decoding.checkedTypes.has(field.dataTypeID)
  }
}

/** What is worked out in a query is of no table. */
function isColumn({ tableID }: FieldDescription): boolean {
  return tableID !== undefined && tableID !== 0
}

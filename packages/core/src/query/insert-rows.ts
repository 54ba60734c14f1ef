import { isA } from "../foundation/is-a.ts"
import { err, ok, type Result } from "neverthrow"

import { statementOf } from "../constraints/target.ts"
import type { CallbackThrew } from "../errors/bug.ts"
import type { CallSite } from "../errors/call-site.ts"
import type { QueryError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import type { Naming } from "../errors/named.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import { promised } from "../foundation/promised.ts"
import { callbackThrew } from "./callback.ts"
import { UnsendableRow, type Chunk } from "./insert-chunk.ts"
import type { AnyInsertOptions } from "./insert-many.ts"
import { ColumnTypes, statementsFor, type InsertForm } from "./insert-statement.ts"
import type { Kit } from "./kit.ts"
import type { Query } from "./query.ts"
import { RowReader, type Rows } from "./row-reader.ts"
import type { Answer } from "./shapes.ts"
import type { Enclosing } from "./transaction.ts"

/** Where its statements run. */
export interface InsertPaths<Tx> {
  readonly kit: Kit
  readonly builders: unknown
  readonly site: CallSite | undefined
  /** On the session itself. */
  readonly alone: (query: Query) => Promise<Result<Answer, QueryError>>
  /** All or nothing. */
  readonly together: <T>(
    body: (tx: Tx) => Promise<Result<T, InsertFailure>>,
    enclosing: Enclosing,
  ) => Promise<Result<T, InsertFailure>>
  readonly inside: (tx: Tx, query: Query) => Promise<Result<Answer, QueryError>>
}

type InsertFailure = QueryError | CallbackThrew

/** Any number of rows: in one statement, if that holds them, else in one transaction, and never more than two chunks in memory. */
export async function insertRows<Tx>(
  paths: InsertPaths<Tx>,
  table: string,
  rows: Rows<unknown>,
  options: AnyInsertOptions,
): Promise<Result<{ readonly affected: bigint } | readonly unknown[], InsertFailure>> {
  if (!isRows(rows))
    return err(refused(paths, "refused", "The rows must be an array, or something else that can be gone through"))
  const { onConflict, returning } = options
  const form: InsertForm = {
    // Its types were checked where it was called.
    builders: promised<InsertForm["builders"]>(paths.builders),
    onConflict: promised<InsertForm["onConflict"]>(onConflict),
    table,
    returning,
    types: new ColumnTypes(paths.kit.schema, table),
  }
  const newReader = (): RowReader => new RowReader(rows, form.types)
  const reader = newReader()
  try {
    const tally = new Tally(returning !== undefined)
    const chunk = await reader.read()
    if (chunk === undefined) return ok(tally.total)
    const statements = statementsFor(form, chunk)
    const [only] = statements
    if (only !== undefined && statements.length === 1 && (await reader.ended())) {
      return (await paths.alone(only)).map((answer) => tally.with(answer).total)
    }

    let runs = 0
    const body = (tx: Tx): ReturnType<typeof inOrder> => {
      runs += 1
      const from = runs === 1 ? { reader, chunk } : { reader: newReader(), chunk: undefined }
      return inOrder(paths, form, from, (query) => paths.inside(tx, query))
    }
    // An array can be gone through again; what a generator has given is gone.
    const mayRerun = (): boolean => Array.isArray(rows) || rows instanceof Set
    return await paths.together(body, { mayRerun, naming: namingFor(paths.kit, form) })
  } catch (thrown) {
    return err(blamed(paths, thrown))
  } finally {
    await reader.leave()
  }
}

/** Statement after statement; while one is on its way, what comes next is read. */
async function inOrder<Tx>(
  paths: InsertPaths<Tx>,
  form: InsertForm,
  from: { readonly reader: RowReader; readonly chunk: Chunk | undefined },
  send: (query: Query) => Promise<Result<Answer, QueryError>>,
): Promise<Result<Total, InsertFailure>> {
  const { reader } = from
  const tally = new Tally(form.returning !== undefined)
  let underWay: Promise<Result<Answer, QueryError>> | undefined
  try {
    for (let chunk = from.chunk ?? (await reader.read()); chunk !== undefined; chunk = await reader.read()) {
      for (const statement of statementsFor(form, chunk)) {
        const before = await underWay
        if (before?.isErr()) return err(before.error)
        if (before?.isOk()) tally.with(before.value)
        underWay = send(statement)
      }
    }
    const last = await underWay
    if (last?.isErr()) return err(last.error)
    if (last?.isOk()) tally.with(last.value)
    return ok(tally.total)
  } catch (thrown) {
    await underWay
    return err(blamed(paths, thrown))
  } finally {
    await reader.leave()
  }
}

/** Its transaction is nobody else's: what fails at COMMIT is what an INSERT into the table can violate. */
function namingFor({ names }: Kit, { builders, table }: InsertForm): Naming | undefined {
  return (
    names && ((reported) => names.ofStatements([statementOf(builders.insertInto(table).toOperationNode())])(reported))
  )
}

type Total = { readonly affected: bigint } | readonly unknown[]

/** What all its statements have answered. */
class Tally {
  readonly #returning: boolean
  readonly #rows: unknown[] = []
  #affected = 0n

  constructor(returning: boolean) {
    this.#returning = returning
  }

  with(answer: Answer): this {
    this.#affected += answer.affected
    for (const row of answer.rows) this.#rows.push(row)
    return this
  }

  get total(): Total {
    return this.#returning ? this.#rows : { affected: this.#affected }
  }
}

/** Who gives the rows is the application's, and may throw. */
function blamed<Tx>(paths: InsertPaths<Tx>, thrown: unknown): InsertFailure {
  if (isA(thrown, UnsendableRow)) return refused(paths, "encode_failed", thrown.message)
  const { kit, site } = paths
  const whose = "What gives the rows to insertMany, or its onConflict,"
  return callbackThrew(kit, { whose, how: "threw", thrown, effect: "not_applied", attempts: 1, site })
}

function refused<Tx>({ kit, site }: InsertPaths<Tx>, kind: "refused" | "encode_failed", why: string): QueryError {
  return toDatabaseError(localFailure(kind, why), { detail: kit.errors.detail, attempts: 0, site })
}

function isRows(rows: unknown): rows is Rows<unknown> {
  return typeof rows === "object" && rows !== null && (Symbol.iterator in rows || Symbol.asyncIterator in rows)
}

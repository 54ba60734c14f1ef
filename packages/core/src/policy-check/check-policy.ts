import type { QueryError } from "../errors/database-error.ts"
import type { Database } from "../query/session.ts"
import { typeScriptOf } from "../schema/codec-of.ts"
import type { ColumnDefinition, SchemaDefinition } from "../schema/define-schema.ts"
import type { Policy } from "../schema/policy.ts"
import { NULL, expressionText, union, type TypeExpression } from "../schema/type-expression.ts"
import { TableKeys } from "../schema/table-keys.ts"
import { treeOf } from "../schema/type-tree.ts"
import { schemaOf } from "../schema-of.ts"
import { fits, shapeOf } from "./fits.ts"
import { quoted } from "./identifier.ts"
import { sampleSql } from "./samples.ts"

export interface PolicyMismatch {
  /** `table.column`, as the schema names them. */
  readonly column: string
  /** PostgreSQL's, as the schema says. */
  readonly type: string
  /** What the policy makes of that. */
  readonly declared: string
  /** What a value was instead, or why it could not be read. Quotes no value. */
  readonly found: string
}

export interface PolicyReport {
  readonly mismatches: readonly PolicyMismatch[]
  /** Columns of which a value was seen, or a sample of their type was read. */
  readonly proved: readonly string[]
  /** Columns that are empty, with types of which no sample is known. */
  readonly unproved: readonly string[]
}

export interface PolicyCheckOptions {
  /** How many rows of each table are looked at. Default 100. */
  readonly rowsMax?: number
}

/** A column is not read as its type says. */
export class PolicyAssertionError extends Error {
  override readonly name = "PolicyAssertionError"
  readonly mismatches: readonly PolicyMismatch[]

  constructor(mismatches: readonly PolicyMismatch[]) {
    const lines = mismatches.map(
      ({ column, type, declared, found }) => `  - ${column} (${type}) is declared ${declared}, and is ${found}`,
    )
    super(`${mismatches.length} columns are not read as their types say:\n${lines.join("\n")}`)
    this.mismatches = mismatches
  }
}

/**
 * Reads values of every column that the database's schema names, and compares what they are with what the types say. For a test
 * against a database with real data or the newest migrations; writes nothing.
 *
 * @throws PolicyAssertionError with all that is wrong
 * @throws the DatabaseError of a query that fails for another reason
 */
export async function assertPolicy<DB, C>(db: Database<DB, C>, options?: PolicyCheckOptions): Promise<PolicyReport> {
  const report = await checkPolicy(db, options)
  if (report.mismatches.length > 0) throw new PolicyAssertionError(report.mismatches)
  return report
}

/** `assertPolicy` as a report. */
export async function checkPolicy<DB, C>(
  db: Database<DB, C>,
  { rowsMax = 100 }: PolicyCheckOptions = {},
): Promise<PolicyReport> {
  const schema = schemaOf(db)
  if (schema?.policy === undefined)
    throw new TypeError("The database has no schema with a policy: there is nothing to check")
  const check = new PolicyCheck(db, schema, schema.policy)
  for (const [table, { columns }] of Object.entries(schema.tables)) {
    const all = Object.entries(columns).map(([name, column]) => check.columnOf(table, name, column))
    await check.tableRows(table, all, rowsMax)
    for (const column of all.filter(({ state }) => state === "unseen")) await check.alone(table, column)
  }
  return check.report
}

interface CheckedColumn {
  readonly name: string
  readonly label: string
  readonly definition: ColumnDefinition
  readonly type: TypeExpression
  state: "unseen" | "proved" | "wrong"
}

class PolicyCheck {
  readonly #db: Pick<Database<unknown>, "query">
  readonly #schema: SchemaDefinition
  readonly #policy: Policy
  readonly #keys: TableKeys
  readonly #columns: CheckedColumn[] = []
  readonly #mismatches: PolicyMismatch[] = []

  constructor(db: Pick<Database<unknown>, "query">, schema: SchemaDefinition, policy: Policy) {
    this.#db = db
    this.#schema = schema
    this.#policy = policy
    this.#keys = new TableKeys(schema)
  }

  get report(): PolicyReport {
    const labelled = (state: CheckedColumn["state"]): readonly string[] =>
      this.#columns.filter((column) => column.state === state).map(({ label }) => label)
    return { mismatches: this.#mismatches, proved: labelled("proved"), unproved: labelled("unseen") }
  }

  columnOf(table: string, name: string, definition: ColumnDefinition): CheckedColumn {
    const { select } = typeScriptOf(definition.type, this.#schema.types ?? {}, this.#policy)
    const type = definition.nullable ? union(select, NULL) : select
    const column: CheckedColumn = { name, label: `${table}.${name}`, definition, type, state: "unseen" }
    this.#columns.push(column)
    return column
  }

  /** One column that cannot be read must not hide the others: then each is looked at by itself. */
  async tableRows(table: string, columns: readonly CheckedColumn[], rowsMax: number): Promise<void> {
    if (columns.length === 0) return
    const list = columns.map(({ name }, index) => `${quoted(name)} as c${index}`).join(", ")
    const unread = await this.#look(`select ${list} from ${this.#tableName(table)} limit ${rowsMax}`, columns)
    if (!unread || columns.length === 1) return
    for (const column of columns) if (column.state !== "wrong") await this.tableRows(table, [column], rowsMax)
  }

  /** The rows that were looked at have no value of it: one that there is, else a sample of its type. */
  async alone(table: string, column: CheckedColumn): Promise<void> {
    const name = quoted(column.name)
    const from = this.#tableName(table)
    await this.#look(`select ${name} as c0 from ${from} where ${name} is not null limit 1`, [column])
    if (column.state !== "unseen") return
    const sample = sampleSql(treeOf(column.definition.type, this.#schema.types), this.#policy)
    if (sample === undefined) return
    const live = await this.#liveType(from, column.name)
    const trouble = await this.#trouble(`select (${sample})::text::${live} as c0`, [column])
    // What breaks a domain's rules is no value of it, and says nothing.
    if (trouble === "unread" || trouble === undefined) return
    if (trouble.category === "request") this.#wrong(column, `of type ${live} in the database`)
    else if (trouble.category !== "constraint") throw trouble
  }

  async #liveType(from: string, name: string): Promise<string> {
    const answer = await this.#db.query<{ readonly type: string }>(
      "select pg_catalog.format_type(atttypid, null) as type from pg_catalog.pg_attribute where attrelid = $1::regclass and attname = $2",
      [from, name],
    )
    if (answer.isErr()) throw answer.error
    const [row] = answer.value.rows
    if (row === undefined) throw new Error(`There is no column ${name} in ${from}`)
    return row.type
  }

  /** True: a value could not be read, and its column is out now. */
  async #look(sql: string, columns: readonly CheckedColumn[]): Promise<boolean> {
    const trouble = await this.#trouble(sql, columns)
    if (trouble !== undefined && trouble !== "unread") throw trouble
    return trouble === "unread"
  }

  /** Answers what has nothing to do with reading values. */
  async #trouble(sql: string, columns: readonly CheckedColumn[]): Promise<QueryError | "unread" | undefined> {
    const answer = await this.#db.query(sql, [], { readOnly: true })
    if (answer.isErr()) {
      const { error } = answer
      const column = error.kind === "decode_failed" ? columns[Number(error.column?.slice(1))] : undefined
      if (column === undefined) return error
      this.#wrong(column, error.message)
      return "unread"
    }
    for (const row of answer.value.rows) columns.forEach((column, index) => this.#see(column, row[`c${index}`]))
    return undefined
  }

  #see(column: CheckedColumn, value: unknown): void {
    if (column.state === "wrong") return
    if (!fits(value, column.type, this.#schema.source?.camelCase)) this.#wrong(column, shapeOf(value))
    else if (value !== null) column.state = "proved"
  }

  #wrong(column: CheckedColumn, found: string): void {
    column.state = "wrong"
    const { label, definition, type } = column
    this.#mismatches.push({ column: label, type: definition.type, declared: expressionText(type), found })
  }

  #tableName(table: string): string {
    const { schema, table: name } = this.#keys.place(table)
    return schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`
  }
}

import { asReported, type Named, type Naming, type Reported } from "../errors/named.ts"
import { queryName } from "../schema-check/naming.ts"
import type { SchemaDefinition, SchemaSource } from "../schema/define-schema.ts"
import type { InboundConstraint, OwnConstraint, TableConstraints } from "../schema/table-constraints.ts"
import { placeOf, writingOf, type Place, type Statement, type Writing } from "./target.ts"

/**
 * What a statement's error may name. `write`: the constraints of one table, as far as this kind of write can violate them, and
 * nothing else. `any`: whatever the server says. `nothing`: nothing at all.
 */
type Scope =
  | { readonly says: "write"; readonly writing: Writing; readonly place: Place; readonly table: string }
  | { readonly says: "any" | "nothing" }

const KINDS: Readonly<Partial<Record<Reported["kind"], OwnConstraint["kind"]>>> = {
  unique_violation: "unique",
  check_violation: "check",
  exclusion_violation: "exclusion",
  foreign_key_violation: "foreign_key",
}

/**
 * Names what was violated, never more than the types of errors promise: they are made of the same schema. Another constraint of the same
 * name, in another table that a trigger or a cascade writes to, is not mistaken for the one that is promised.
 */
export class ConstraintNames {
  readonly #tables: Readonly<Record<string, object>>
  readonly #constraints: Readonly<Record<string, TableConstraints>>
  readonly #source: Partial<SchemaSource>

  constructor({ tables, source }: SchemaDefinition, constraints: Readonly<Record<string, TableConstraints>>) {
    this.#tables = tables
    this.#constraints = constraints
    this.#source = source ?? {}
  }

  /** Nothing, where the schema says nothing of its constraints. */
  static of(schema: SchemaDefinition | undefined): ConstraintNames | undefined {
    return schema?.constraints && new ConstraintNames(schema, schema.constraints)
  }

  /** For the error of one statement, or of several that are one unit. */
  ofStatements(statements: readonly Statement[]): Naming {
    return (reported) => {
      const scopes = statements.map((statement) => this.#scopeOf(statement))
      for (const scope of scopes) {
        const named = scope.says === "write" ? this.#promised(scope, reported) : undefined
        if (named !== undefined) return named
      }
      return scopes.some(({ says }) => says === "any") ? this.#anything(reported) : this.#unnamed(reported, scopes)
    }
  }

  /** For the error of a transaction itself: what may be checked at COMMIT only. */
  readonly ofCommit: Naming = (reported) => {
    for (const [table, constraints] of Object.entries(this.#constraints)) {
      const found = this.#own(constraints, { schema: undefined, table, alias: undefined }, table, reported)
      if (found?.deferrable === true) return found.named
    }
    return this.#unnamed(reported)
  }

  #scopeOf(statement: Statement): Scope {
    const writing = writingOf(statement)
    if (writing === undefined) return { says: "any" }
    const place = placeOf(statement.target)
    if (place === undefined) return { says: "nothing" }
    // By its type it is the table that bears the alias' name, if there is one: nobody can be right about both.
    if (place.alias !== undefined) return { says: entry(this.#constraints, place.alias) ? "nothing" : "any" }
    const key = this.#keyOf(place.schema, place.table)
    const bare = queryName(place.table, this.#source)
    // A plugin may have put a schema before the name that the query was built with.
    const table = [key, bare].find((name) => entry(this.#constraints, name) !== undefined)
    if (table !== undefined) return { says: "write", writing, place, table }
    // A view, whose tables are what is violated. What is not known at all may be what a plugin made of a table that is.
    return { says: entry(this.#tables, key) === undefined ? "nothing" : "any" }
  }

  #promised({ writing, place, table }: Extract<Scope, { says: "write" }>, reported: Reported): Named | undefined {
    const constraints = entry(this.#constraints, table)
    if (constraints === undefined) return undefined
    if (reported.kind === "not_null_violation") {
      return writing === "delete"
        ? this.#inboundColumn(constraints, place, reported)
        : this.#requiredColumn(constraints, place, table, reported)
    }
    const own = writing === "delete" ? undefined : this.#own(constraints, place, table, reported)
    if (own !== undefined) return own.named
    return writing === "insert" ? undefined : this.#inbound(constraints, place, reported)
  }

  #own(
    constraints: TableConstraints,
    place: Place,
    table: string,
    reported: Reported,
  ): { readonly named: Named; readonly deferrable: boolean } | undefined {
    const found = lookup(constraints.own, constraints, reported)
    if (found === undefined || !this.#isOf(table, place, constraints, reported, found)) return undefined
    const { name, constraint } = found
    return {
      named: { constraint: name, table, columns: constraint.columns, column: null },
      deferrable: constraint.deferrable === true,
    }
  }

  #inbound(constraints: TableConstraints, place: Place, reported: Reported): Named | undefined {
    const found = lookup(constraints.inbound, constraints, reported)
    if (found === undefined) return undefined
    const { name, constraint, alias } = found
    if (!this.#isReferencing(constraint, place, reported, alias)) return undefined
    return { constraint: name, table: constraint.table, columns: constraint.columns, column: null }
  }

  #requiredColumn(constraints: TableConstraints, place: Place, table: string, reported: Reported): Named | undefined {
    const column = this.#column(reported)
    if (column === undefined || !constraints.notNull.includes(column)) return undefined
    const through = { alias: false, kind: undefined }
    return this.#isOf(table, place, constraints, reported, through) ? notNull(table, column) : undefined
  }

  /** ON DELETE SET NULL, where the other table refuses null. */
  #inboundColumn(constraints: TableConstraints, place: Place, reported: Reported): Named | undefined {
    const column = this.#column(reported)
    if (column === undefined) return undefined
    const found = Object.values(constraints.inbound).find(
      (constraint) => constraint.columns.includes(column) && this.#isReferencing(constraint, place, reported, false),
    )
    return found && notNull(found.table, column)
  }

  /** Is what was reported of this table, or of one of its partitions? */
  #isOf(
    table: string,
    place: Place,
    constraints: TableConstraints,
    reported: Reported,
    { alias, kind }: { readonly alias: boolean; readonly kind: OwnConstraint["kind"] | undefined },
  ): boolean {
    // The checks of domains: the server names the domain and no table.
    if (reported.table === undefined) return kind === "check"
    const key = this.#keyOf(reported.schema, reported.table)
    const schema = place.schema ?? this.#first
    // A plugin may have put another schema before the name. What the search path may have found is not guessed.
    const moved = reported.schema === place.schema && reported.table === place.table
    if (place.schema === undefined ? key === table : moved) return true
    // Partitions are not known by name; their checks are called as the table's.
    const mayBePart = alias || (constraints.aliases !== undefined && reported.schema === schema)
    return mayBePart && !this.#isKnown(key)
  }

  #isReferencing({ table }: InboundConstraint, place: Place, reported: Reported, alias: boolean): boolean {
    if (reported.table === undefined) return false
    const key = this.#keyOf(reported.schema, reported.table)
    if (key === table) return true
    const moved = reported.schema === place.schema && queryName(reported.table, this.#source) === table
    return !this.#isKnown(key) && (alias || (place.schema !== undefined && moved))
  }

  /** What the server says, with the columns if they can be found. */
  #anything(reported: Reported): Named {
    const raw = asReported(reported)
    const column = this.#column(reported)
    if (column !== undefined) return { ...raw, columns: [column], column }
    if (reported.table === undefined) return raw
    const table = this.#keyOf(reported.schema, reported.table)
    const constraints = entry(this.#constraints, table)
    const found = constraints && lookup(constraints.own, constraints, reported)
    return found === undefined ? raw : { ...raw, table, columns: found.constraint.columns }
  }

  /** Only where it was: `audit.users` is not `users`, but where a plugin has led the statement itself to that schema. */
  #unnamed({ schema, table }: Reported, scopes: readonly Scope[] = []): Named {
    if (table === undefined) return { constraint: null, table: null, columns: [], column: null }
    const key = this.#keyOf(schema, table)
    const led = scopes.some((scope) => scope.says === "write" && scope.place.schema === schema)
    const name = led && !this.#isKnown(key) ? queryName(table, this.#source) : key
    return { constraint: null, table: name, columns: [], column: null }
  }

  #column({ column }: Reported): string | undefined {
    return column === undefined ? undefined : queryName(column, this.#source)
  }

  #isKnown(key: string): boolean {
    return entry(this.#tables, key) !== undefined
  }

  get #first(): string {
    return this.#source.schemas?.[0] ?? "public"
  }

  /** As queries name a table: those of the first schema without it. */
  #keyOf(schema: string | undefined, table: string): string {
    return queryName(schema === undefined || schema === this.#first ? table : `${schema}.${table}`, this.#source)
  }
}

/** The constraint of that name and kind, perhaps by the name of a partition's. */
function lookup<D extends OwnConstraint | InboundConstraint>(
  all: Readonly<Record<string, D>>,
  { aliases = {} }: TableConstraints,
  { kind, constraint: reported }: Reported,
): { readonly name: string; readonly constraint: D; readonly alias: boolean; readonly kind: D["kind"] } | undefined {
  if (reported === undefined) return undefined
  const own = entry(all, reported)
  const name = own === undefined ? entry(aliases, reported) : reported
  const constraint = own ?? (name === undefined ? undefined : entry(all, name))
  if (name === undefined || constraint === undefined || constraint.kind !== KINDS[kind]) return undefined
  return { name, constraint, alias: own === undefined, kind: constraint.kind }
}

/** Without what every object inherits: a table may be called `constructor`. */
function entry<T>(all: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined
}

function notNull(table: string, column: string): Named {
  return { constraint: null, table, columns: [column], column }
}

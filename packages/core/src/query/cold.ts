import {
  DefaultConnectionProvider,
  DefaultQueryExecutor,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type Dialect,
  type KyselyPlugin,
  type RootOperationNode,
  type QueryId,
  type RawBuilder,
} from "kysely"

import { buildersOf } from "./builders.ts"
import { noQuery } from "./no-query.ts"
import { isPrepared, type Preparable } from "./prepared-query.ts"
import type { Query } from "./query.ts"
import type { QueryBuilders } from "./session.ts"
import { Templates } from "./templates.ts"

/** Turns queries into text and parameters. */
export interface Compiler {
  /** With every plugin's `transformQuery` done. Throws what a plugin or a value's conversion throws. */
  compile(query: Query): CompiledQuery
  /** Whose `transformResult` belongs to it: the database's plugins, and those that were added to this query alone. */
  pluginsOf(query: CompiledQuery): readonly KyselyPlugin[]
}

/**
 * A Kysely that builds and compiles, and cannot execute. Sessions run what it compiled, so one query can run on the
 * database, in a transaction or in a savepoint; and a stray `.execute()` cannot reach the database behind their back.
 */
export class ColdBuilder<DB> implements Compiler {
  readonly kysely: Kysely<DB>
  readonly builders: QueryBuilders<DB>
  readonly #templates: Templates
  readonly #plugins: readonly KyselyPlugin[]
  readonly #compiled = new WeakMap<CompiledQuery, readonly KyselyPlugin[]>()

  /** `refuse` makes the error of a stray `.execute()`. */
  constructor(plugins: readonly KyselyPlugin[], refuse: () => Error) {
    this.#plugins = plugins
    const driver = new DummyDriver()
    const executor = new ColdExecutor(plugins, (query, its) => this.#note(query, its), refuse)
    this.kysely = new Kysely<DB>({ config: { dialect: COLD_DIALECT }, dialect: COLD_DIALECT, driver, executor })
    this.builders = buildersOf(this.kysely)
    this.#templates = new Templates({
      builders: this.builders,
      compile: (query) => this.#compile(query),
      pluginsOf: (query) => this.pluginsOf(query),
      likewise: (query, its) => this.#note(query, its),
    })
  }

  /** Only where they differ from the database's: most queries have none of their own, and there are many queries. */
  #note(query: CompiledQuery, its: readonly KyselyPlugin[]): void {
    const same = its.length === this.#plugins.length && its.every((plugin, index) => plugin === this.#plugins[index])
    if (!same) this.#compiled.set(query, its)
  }

  compile(query: Query): CompiledQuery {
    if (typeof query !== "object" || query === null) throw noQuery(query)
    return isPrepared(query) ? this.#templates.compile(query) : this.#compile(query)
  }

  #compile(query: Preparable): CompiledQuery {
    if (isRawBuilder(query)) return query.compile(this.kysely)
    if ("compile" in query) return query.compile()
    if (typeof query.sql !== "string") throw noQuery(query)
    return query
  }

  pluginsOf(query: CompiledQuery): readonly KyselyPlugin[] {
    return this.#compiled.get(query) ?? this.#plugins
  }
}

const COLD_DIALECT: Dialect = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
}

type Remember = (query: CompiledQuery, plugins: readonly KyselyPlugin[]) => void

/** Compiles as Kysely's own executor does, and refuses everything else that one does. */
class ColdExecutor extends DefaultQueryExecutor {
  readonly #remember: Remember
  readonly #refuse: () => Error
  /** The database's own plugins are known anyway; those of a single query have to be remembered with it. */
  readonly #derived: boolean

  constructor(plugins: readonly KyselyPlugin[], remember: Remember, refuse: () => Error, derived = false) {
    super(COMPILER, ADAPTER, NO_CONNECTIONS, [...plugins])
    this.#remember = remember
    this.#refuse = refuse
    this.#derived = derived
  }

  override compileQuery(node: RootOperationNode, queryId: QueryId): CompiledQuery {
    const compiled = super.compileQuery(node, queryId)
    if (this.#derived) this.#remember(compiled, this.plugins)
    return compiled
  }

  override withPlugins(plugins: readonly KyselyPlugin[]): DefaultQueryExecutor {
    return this.#with([...this.plugins, ...plugins])
  }

  override withPlugin(plugin: KyselyPlugin): DefaultQueryExecutor {
    return this.#with([...this.plugins, plugin])
  }

  override withPluginAtFront(plugin: KyselyPlugin): DefaultQueryExecutor {
    return this.#with([plugin, ...this.plugins])
  }

  override withConnectionProvider(): DefaultQueryExecutor {
    return this
  }

  override withoutPlugins(): DefaultQueryExecutor {
    return this.#with([])
  }

  override async executeQuery(): Promise<never> {
    throw this.#refuse()
  }

  // oxlint-disable-next-line require-yield -- it has nothing to give
  override async *stream(): AsyncGenerator<never, never, undefined> {
    throw this.#refuse()
  }

  override async provideConnection(): Promise<never> {
    throw this.#refuse()
  }

  #with(plugins: readonly KyselyPlugin[]): ColdExecutor {
    return new ColdExecutor(plugins, this.#remember, this.#refuse, true)
  }
}

const COMPILER = new PostgresQueryCompiler()
const ADAPTER = new PostgresAdapter()
const NO_CONNECTIONS = new DefaultConnectionProvider(new DummyDriver())

function isRawBuilder(query: Preparable): query is RawBuilder<unknown> {
  return "isRawBuilder" in query
}

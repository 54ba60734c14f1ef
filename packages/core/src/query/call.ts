import type { Effect, FailedTry, GaveUp, StatementOptions, StatementResult } from "@kysely-resilient/driver"
import type { CompiledQuery, KyselyPlugin } from "kysely"

import { targetOf, type Statement } from "../constraints/target.ts"
import type { CallSite } from "../errors/call-site.ts"
import type { ErrorOfKind } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import type { CoreFailure, ErrorKind } from "../errors/redaction.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import { isA } from "../foundation/is-a.ts"
import { currentScope } from "../scope/work-scope.ts"
import type { Kit } from "./kit.ts"
import type { Lane, Refusal } from "./lane.ts"
import { wayAround } from "./way-around.ts"
import { NoQuery } from "./no-query.ts"
import { throughPlugins } from "./plugins.ts"
import { isPrepared } from "./prepared-query.ts"
import type { Query } from "./query.ts"
import { answerOf, type Answer } from "./shapes.ts"

/** A query, and who wants to see its answer. */
export interface Plugged {
  readonly query: CompiledQuery
  readonly plugins: readonly KyselyPlugin[]
}

/** How the driver ended it, besides the failure itself. */
interface Ended {
  readonly because?: GaveUp
  readonly journal?: readonly FailedTry[]
}

/** How far a call has come: it decides what the server may have done when something throws. */
type Stage = "preparing" | "sent" | "answered"

type Sent = Statement & { readonly sql: string; readonly parameterCount: number }

/** What is known while one statement, one batch or one stream is on its way; errors are made of it. */
export class Call {
  readonly #kit: Kit
  readonly #lane: Lane
  readonly #site: CallSite | undefined
  /** Of the queries only what an error says of them: their trees need not wait for the answer. */
  #queries: Sent[] | undefined
  said: StatementOptions = {}
  /** Made of the names of prepared queries. */
  #ownLabel: string | undefined
  stage: Stage = "preparing"
  attempts = 0
  /** It is known that it has only read. */
  onlyRead = false
  /** Of a stream that was left early: what became of it. */
  left: Effect | undefined

  constructor(kit: Kit, lane: Lane, site: CallSite | undefined) {
    this.#kit = kit
    this.#lane = lane
    this.#site = site
  }

  /** What its caller said, and what holds for all of this database, and for the work that it is part of. */
  hear(said: StatementOptions): void {
    const heard = this.#kit.readOnly ? { ...said, readOnly: true } : said
    const scope = currentScope()
    this.said = scope === undefined ? heard : scope.narrow(heard)
  }

  /** A read of work that is watched for doing the same again and again. The function that is returned says that it has ended. */
  watched(query: CompiledQuery): (() => void) | undefined {
    const scope = currentScope()
    if (scope === undefined) return undefined
    const reads =
      query.query.kind === "SelectQueryNode" || (query.query.kind === "RawNode" && /^\s*select\b/i.test(query.sql))
    return reads ? scope.reads(query.sql, this.#site) : undefined
  }

  /** A stream holds a connection between its chunks, and ends with the work that it is part of. The function that is returned says that it has ended. */
  holds(): (() => void) | undefined {
    const scope = currentScope()
    if (scope === undefined) return undefined
    this.said = { ...this.said, signal: scope.holdSignal(this.said.signal) }
    return scope.enter("stream", this.said.label, this.#site)
  }

  refusalOf(query: CompiledQuery): Refusal | undefined {
    return (this.#kit.readOnly ? wayAround(query) : undefined) ?? this.#lane.refusalOf(query)
  }

  compile(query: Query, instead?: (query: CompiledQuery) => CompiledQuery): CompiledQuery {
    if (typeof query === "object" && query !== null && isPrepared(query)) this.#named(query.name)
    const compiled = this.#kit.compiler.compile(query)
    const sent = instead === undefined ? compiled : instead(compiled)
    const { query: node } = compiled
    const { sql, parameters } = sent
    const noted = { sql, parameterCount: parameters.length, kind: node.kind, target: targetOf(node) }
    // Nearly always the only one; an array that is pushed to has room for many.
    if (this.#queries === undefined) this.#queries = [noted]
    else this.#queries.push(noted)
    return sent
  }

  /** By what was prepared, where the call itself says no name; in a batch by all of them. */
  #named(name: string): void {
    const { label } = this.said
    if (label !== this.#ownLabel) return
    this.#ownLabel = label === undefined ? name : `${label}, ${name}`
    this.said = { ...this.said, label: this.#ownLabel }
  }

  /** The plugins that want to see its answer; undefined if there are none. */
  pluginsOf(query: CompiledQuery): Plugged | undefined {
    const plugins = this.#kit.compiler.pluginsOf(query)
    return plugins.length === 0 ? undefined : { query, plugins }
  }

  /** What the server answered, as the plugins of its query want it seen. */
  async seen(result: StatementResult, plugged: Plugged | undefined): Promise<Answer> {
    const answer = answerOf(result)
    return plugged === undefined ? answer : throughPlugins(plugged.plugins, plugged.query, answer, this.said.signal)
  }

  /** What was computed before a failure, if it can be had: the failure is the news, whatever becomes of this. */
  async despite<T>(compute: () => Promise<T>): Promise<T | undefined> {
    try {
      return await compute()
    } catch {
      return undefined
    }
  }

  error<K extends ErrorKind>(failure: CoreFailure<K>, ended: Ended = {}, value?: unknown): ErrorOfKind<K> {
    const queries = this.#queries ?? []
    return toDatabaseError(failure, {
      detail: this.#kit.errors.detail,
      attempts: this.attempts,
      because: ended.because,
      journal: ended.journal,
      value,
      naming: this.#kit.names?.ofStatements(queries),
      first: failure.kind === "transaction_aborted" ? this.#lane.firstError() : undefined,
      site: this.#site,
      query: this.#queries && {
        sql: queries.map((query) => query.sql).join(";\n"),
        name: this.said.label,
        parameterCount: queries.reduce((count, query) => count + query.parameterCount, 0),
      },
    })
  }

  /** What the server has done of what it has answered. */
  get effect(): Effect {
    return this.onlyRead ? "not_applied" : (this.left ?? this.#lane.effect)
  }

  /** It was answered, and not with what was asked for. */
  unfit<K extends ErrorKind>(failure: CoreFailure<K>): ErrorOfKind<K> {
    return this.error({ ...failure, effect: this.effect })
  }

  /** Something threw: a plugin, a value's conversion, a getter, a query that cannot be compiled; or a bug of ours. */
  threw(thrown: unknown): ErrorOfKind<"client_error" | "decode_failed" | "refused"> {
    if (isA(thrown, NoQuery)) return this.error(localFailure("refused", thrown.message))
    if (this.stage === "answered") return this.unfit(localFailure("decode_failed", "", { cause: thrown }))
    const effect = this.stage === "sent" ? "unknown" : "not_applied"
    return this.error(localFailure("client_error", "", { cause: thrown, effect }))
  }
}

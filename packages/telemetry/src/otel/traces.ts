import { channels, type DatabaseIdentity, type Failure, type TransactionMessage } from "@kysely-resilient/driver"
import { safeReason } from "@kysely-resilient/driver"
import { context, SpanKind, SpanStatusCode, trace, type Context, type Span, type Tracer } from "@opentelemetry/api"

import { errorTypeOf } from "../error-type.ts"
import { serverAttributes } from "../facts.ts"
import {
  ATTEMPTS,
  DB_QUERY_SUMMARY,
  DB_QUERY_TEXT,
  DB_RESPONSE_STATUS_CODE,
  EFFECT,
  ERROR_TYPE,
  LABEL,
  OUTCOME,
  type Attributes,
} from "../names.ts"
import { queryTextOf } from "../query-text.ts"
import { statementNow } from "./statement-now.ts"
import { isQueryOf, isTransactionOf } from "./told.ts"

export interface TraceSettings {
  readonly tracer: Tracer
  readonly queryText: boolean
}

/** A transaction's span, and whose it is the child of. */
interface Begun {
  readonly span: Span
  readonly within: Context
  readonly parent: Span | undefined
}

/** Spans of one database's statements and transactions. */
export class Traces {
  readonly #database: DatabaseIdentity
  readonly #settings: TraceSettings
  readonly #server: Attributes
  /** Each message that has begun comes again at its end. A WeakMap would cost more in garbage collection than all else here. */
  readonly #spans = new Map<object, Span>()
  readonly #begun = new WeakMap<TransactionMessage, Begun>()

  constructor(database: DatabaseIdentity, settings: TraceSettings) {
    this.#database = database
    this.#settings = settings
    this.#server = serverAttributes(database)
  }

  /** The function that is returned ends it. */
  start(): () => void {
    const queries = { start: this.#queryStarted, asyncEnd: this.#queryEnded }
    const transactions = { start: this.#transactionStarted, asyncEnd: this.#transactionEnded }
    // One by one: a subscriber for each step would be called at each.
    channels.query.start.subscribe(queries.start)
    channels.query.asyncEnd.subscribe(queries.asyncEnd)
    channels.transaction.start.subscribe(transactions.start)
    channels.transaction.asyncEnd.subscribe(transactions.asyncEnd)
    return () => {
      channels.query.start.unsubscribe(queries.start)
      channels.query.asyncEnd.unsubscribe(queries.asyncEnd)
      channels.transaction.start.unsubscribe(transactions.start)
      channels.transaction.asyncEnd.unsubscribe(transactions.asyncEnd)
    }
  }

  /** Of the statement that is worked on, if one is; else the caller's. */
  current(): Context {
    const active = context.active()
    const message = statementNow()
    const span = message === undefined ? undefined : this.#spans.get(message)
    return span === undefined ? active : trace.setSpan(active, span)
  }

  readonly #queryStarted = (message: unknown): void => {
    if (!isQueryOf(this.#database, message)) return
    const { tracer, queryText } = this.#settings
    const { summary, sql, label, transaction } = message
    const span = tracer.startSpan(
      summary,
      {
        kind: SpanKind.CLIENT,
        // All that a sampler may want to know.
        attributes: {
          ...this.#server,
          [DB_QUERY_SUMMARY]: summary,
          ...(queryText && { [DB_QUERY_TEXT]: queryTextOf(sql) }),
          ...(label !== undefined && { [LABEL]: label }),
        },
      },
      this.#parentOf(transaction),
    )
    this.#spans.set(message, span)
  }

  readonly #queryEnded = (message: unknown): void => {
    if (!isQueryOf(this.#database, message)) return
    const span = this.#spans.get(message)
    if (span === undefined) return
    this.#spans.delete(message)
    const { attempts = 0, error } = message
    if (attempts > 1) span.setAttribute(ATTEMPTS, attempts)
    if (error !== undefined) failed(span, error)
    span.end()
  }

  readonly #transactionStarted = (message: unknown): void => {
    if (!isTransactionOf(this.#database, message)) return
    const within = context.active()
    const { label } = message
    const attributes = { ...this.#server, ...(label !== undefined && { [LABEL]: label }) }
    const name = label ?? "transaction"
    const span = this.#settings.tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }, within)
    this.#begun.set(message, { span, within: trace.setSpan(within, span), parent: trace.getSpan(within) })
  }

  readonly #transactionEnded = (message: unknown): void => {
    if (!isTransactionOf(this.#database, message)) return
    const span = this.#begun.get(message)?.span
    if (span === undefined) return
    const { outcome = "rolled-back", error } = message
    span.setAttribute(OUTCOME, outcome)
    if (error !== undefined && outcome !== "committed") failed(span, error)
    span.end()
  }

  /** The transaction, unless its callback has begun a span of its own meanwhile: then that one, which is its child or its elder. */
  #parentOf(transaction: TransactionMessage | undefined): Context {
    const active = context.active()
    const begun = transaction === undefined ? undefined : this.#begun.get(transaction)
    return begun !== undefined && trace.getSpan(active) === begun.parent ? begun.within : active
  }
}

function failed(span: Span, failure: Failure): void {
  span.setAttribute(ERROR_TYPE, errorTypeOf(failure))
  span.setAttribute(EFFECT, failure.effect)
  if (failure.sqlState !== undefined) span.setAttribute(DB_RESPONSE_STATUS_CODE, failure.sqlState)
  span.setStatus({ code: SpanStatusCode.ERROR, message: safeReason(failure) })
}

import type {
  Clock,
  ConnectionSnapshot,
  DriverSnapshot,
  Effect,
  Engine,
  Observer,
  Random,
} from "@kysely-resilient/driver"
import { Kysely } from "kysely"
import { err, ok, type Result, type ResultAsync } from "neverthrow"

import type { Advice } from "./advice/advice.ts"
import { Adviser } from "./advice/adviser.ts"
import { MEMORY_RULES } from "./advice/memory-rules.ts"
import { checkSchema, warnOfDrift } from "./check-schema.ts"
import { ConstraintNames } from "./constraints/names.ts"
import type { SchemaDrifted } from "./errors/bug.ts"
import type { DroppedError } from "./dropped/unseen.ts"
import { standsOn } from "./engines.ts"
import type { CallSite } from "./errors/call-site.ts"
import type { ErrorOfKind, QueryError } from "./errors/database-error.ts"
import { localFailure } from "./errors/local-failure.ts"
import { toDatabaseError } from "./errors/to-database-error.ts"
import type { Audience } from "./foundation/audience.ts"
import { Closing } from "./foundation/closing.ts"
import { Alerting } from "./health/alerting.ts"
import { HealthMonitor, type Health } from "./health/monitor.ts"
import { News } from "./health/news.ts"
import { reportOf, type ResilienceReport } from "./health/report.ts"
import { promised } from "./foundation/promised.ts"
import type { ResolvedDatabaseOptions } from "./options.ts"
import { recommended } from "./recommendations.ts"
import { currentCall } from "./scope/resilient-call.ts"
import { ColdBuilder } from "./query/cold.ts"
import { tellDropped } from "./query/hooks.ts"
import { siteOf } from "./query/kit.ts"
import type { ListenEvent, ListenOptions } from "./query/listen-event.ts"
import { listenTo } from "./query/listen.ts"
import { PoolSession } from "./query/pool-session.ts"
import type { ReadonlyDatabase } from "./query/readonly-session.ts"
import { isCheck, type ReadyOptions, type ReadyReport } from "./query/ready.ts"
import { readRunOptions, type RunOptions } from "./query/run-options.ts"
import type { Database } from "./query/session.ts"
import { driftText } from "./schema-check/drift-text.ts"
import type { SchemaDrift } from "./schema-check/drift.ts"
import { ScopedEngine } from "./query/scoped-engine.ts"

const STRAY =
  "A query of this database does not execute itself: write `await db.all(query)` (or one, maybeOne, first, exec, exists, " +
  "stream, forEach; in a transaction on its tx) instead of .execute(), .executeTakeFirst(), .stream() or .explain(). " +
  "For a Kysely that executes there is db.kysely"

export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly onClose: (() => void) | undefined
  /** Told of everything that happens. */
  readonly audience: Audience
}

/** The database itself: sessions over an engine. */
export class ResilientDatabase<DB, C> extends PoolSession<DB, C> implements Database<DB, C> {
  readonly #engine: Engine
  readonly #options: ResolvedDatabaseOptions
  readonly #onClose: (() => void) | undefined
  readonly #audience: Audience
  readonly #monitor: HealthMonitor
  readonly #alerting: Alerting
  readonly #adviser: Adviser
  readonly #ending = new AbortController()
  #hot: Kysely<DB> | undefined

  constructor(engine: Engine, options: ResolvedDatabaseOptions, surroundings: Surroundings) {
    const { clock, random, onClose, audience } = surroundings
    const { plugins, errors, hooks, backoff, transactionMs } = options
    const refuse = (): Error => toDatabaseError(localFailure("refused", STRAY), { detail: errors.detail, attempts: 0 })
    const cold = new ColdBuilder<DB>(plugins, refuse)
    const pool = new ScopedEngine({ engine, backoff, random }, errors.callSite)
    const kit = {
      engine,
      pool,
      compiler: cold,
      clock,
      random,
      errors,
      backoff,
      hooks,
      dropped: errors.reportDropped ? (dropped: DroppedError): void => tellDropped(hooks, dropped) : undefined,
      names: ConstraintNames.of(options.schema),
      transactionMs,
      closing: new Closing(),
      schema: options.schema,
      readOnly: false,
    }
    super(kit, cold.builders)
    standsOn(this, engine)
    this.#engine = engine
    this.#options = options
    this.#onClose = onClose
    this.#audience = audience
    this.#alerting = new Alerting(options.alerts, clock)
    const news = new News(options.thresholds.recoverAfterMs)
    this.#monitor = new HealthMonitor({
      clock,
      snapshot: () => engine.snapshot(),
      thresholds: options.thresholds,
      changed: (now, before, at) => this.#alerting.tell(news.alerts(now, before, at)),
    })
    this.#adviser = new Adviser({
      clock,
      snapshot: () => engine.snapshot(),
      limits: options.thresholds,
      rules: MEMORY_RULES,
    })
    audience.join(this.#monitor.observe)
    audience.join(this.#adviser.observe)
  }

  readonly readonly = (): ReadonlyDatabase<DB, C> => {
    const { kit, builders } = this
    // Kysely's own types of read-only builders are other types of the same `with`.
    return promised<ReadonlyDatabase<DB, C>>(new PoolSession<DB, C>({ ...kit, readOnly: true }, builders))
  }

  readonly listen = (channel: string, options?: ListenOptions): AsyncIterable<Result<ListenEvent, QueryError>> =>
    listenTo(this.kit, channel, options, siteOf(this.kit, this.listen))

  readonly ready = (options?: ReadyOptions): ResultAsync<ReadyReport, QueryError | SchemaDrifted> =>
    this.guarded<ReadyReport, QueryError | SchemaDrifted>(this.ready, async (site) => {
      const { checkSchema: check, ...others } = options ?? {}
      const said = readRunOptions(others)
      if (!said.ok) return err(this.refused(said.refused, site))
      if (!isCheck(check)) return err(this.refused('checkSchema must be "error", "warn" or false', site))
      const startedAt = this.kit.clock.now()
      const settled = await this.#engine.ready(said.value)
      if (!settled.ok) {
        const { failure, attempts, because, journal } = settled
        return err(toDatabaseError(failure, { detail: this.kit.errors.detail, attempts, because, journal, site }))
      }
      if (check === undefined || check === false) return ok(settled.value)
      const { signal, timeoutMs } = said.value
      const drift = await this.#checkSchema(site, {
        ...(signal && { signal }),
        // What is left; the statement's own deadline says it if that is nothing.
        ...(timeoutMs !== undefined && { timeoutMs: Math.max(timeoutMs - (this.kit.clock.now() - startedAt), 1) }),
      })
      if (drift.isErr()) return err(drift.error)
      if (check === "warn") warnOfDrift(drift.value)
      else if (drift.value.some(({ breaking }) => breaking)) return err(this.#drifted(drift.value, site))
      return ok({ ...settled.value, drift: drift.value })
    })

  readonly checkSchema = (
    options?: Pick<RunOptions, "signal" | "timeoutMs">,
  ): ResultAsync<readonly SchemaDrift[], QueryError> =>
    this.guarded(this.checkSchema, async (site) => {
      const said = readRunOptions(options)
      if (!said.ok) return err(this.refused(said.refused, site))
      const { signal, timeoutMs } = options ?? {}
      return this.#checkSchema(site, { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) })
    })

  readonly resolve = (
    token: string,
    options?: Pick<RunOptions, "signal" | "timeoutMs">,
  ): ResultAsync<Effect, QueryError> =>
    this.guarded(this.resolve, async (site) => {
      const said = readRunOptions(options)
      if (!said.ok) return err(this.refused(said.refused, site))
      const settled = await this.#engine.resolve(token, said.value)
      if (settled.ok) return ok(settled.value)
      const { failure, attempts, because, journal } = settled
      return err(toDatabaseError(failure, { detail: this.kit.errors.detail, attempts, because, journal, site }))
    })

  readonly snapshot = (): DriverSnapshot => this.#engine.snapshot()

  readonly connections = (): readonly ConnectionSnapshot[] => this.#engine.connections()

  readonly health = (): Health => this.#monitor.look()

  readonly report = (): ResilienceReport => {
    const snapshot = this.#engine.snapshot()
    return reportOf(snapshot, this.#monitor.look(snapshot), this.#adviser.advise(snapshot).map(recommended))
  }

  readonly advise = (): readonly Advice[] => this.#adviser.advise()

  readonly observe = (listener: Observer): (() => void) => this.#audience.join(listener)

  readonly closing: AbortSignal = this.#ending.signal

  readonly close = (options?: { readonly drainMs?: number }): ResultAsync<void, QueryError> =>
    this.guarded(this.close, async (site) => {
      const drainMs = options?.drainMs ?? 0
      if (!(drainMs >= 0)) return err(this.refused("drainMs must be milliseconds, 0 or more", site))
      this.#onClose?.()
      this.#ending.abort(new DOMException("The database is being closed", "AbortError"))
      await this.#engine.close({ drainMs })
      this.#monitor.close()
      this.#adviser.close()
      await this.#alerting.close()
      this.kit.closing.end()
      return ok(undefined)
    })

  get kysely(): Kysely<DB> {
    this.#hot ??= new Kysely<DB>({
      dialect: this.#engine.dialect({
        within: () => {
          currentCall()?.wroteUnseen()
          return this.kit.pool.outer("connection", undefined)
        },
      }),
      plugins: [...this.#options.plugins],
    })
    return this.#hot
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().unwrapOr(undefined)
  }

  #checkSchema(
    site: CallSite | undefined,
    options: Pick<RunOptions, "signal" | "timeoutMs">,
  ): Promise<Result<readonly SchemaDrift[], QueryError>> {
    const asked = { query: this.query, refused: (why: string) => this.refused(why, site) }
    return checkSchema(asked, this.#options.schema, options)
  }

  #drifted(drift: readonly SchemaDrift[], site: CallSite | undefined): ErrorOfKind<"schema_drift"> {
    const failure = localFailure("schema_drift", driftText(drift))
    return toDatabaseError(failure, { detail: this.kit.errors.detail, attempts: 1, site, drift })
  }
}

import type { Database } from "@kysely-resilient/core"
import { assembleDatabase } from "@kysely-resilient/core/src/database.ts"
import type { DriverEvent, DriverSnapshot, Observer } from "@kysely-resilient/driver"
import { Metrics } from "@kysely-resilient/driver/src/telemetry/metrics.ts"
import { assembleHandler, type Handler } from "@kysely-resilient/http/src/handler.ts"
import type { HandlerOptions } from "@kysely-resilient/http"

import { onTestFinished } from "vitest"

import { FakeClock } from "../../support/fake-clock.ts"
import { identity, noTimes } from "../../support/identity.ts"
import type { Shop } from "../../support/scripted-database.ts"
import { failure, ScriptedEngine, type Asked, type Script } from "../../support/scripted-engine.ts"

export interface Site {
  readonly db: Database<Shop>
  readonly clock: FakeClock
  readonly handler: Handler
  readonly get: (path: string, headers?: Readonly<Record<string, string>>, method?: string) => Promise<Response>
  /** What the driver would tell. */
  readonly heard: (event: DriverEvent) => void
  /** What the engine was asked. */
  readonly statements: readonly Asked[]
}

export const TOKEN = "a-token-that-nobody-guesses"

/** A handler in production, over a database that a test scripts. */
export function site(
  options: HandlerOptions = {},
  { script = {}, env = { NODE_ENV: "production" } }: { script?: Script; env?: Record<string, string> } = {},
): Site {
  const clock = new FakeClock()
  let observer: Observer | undefined
  const metrics = new Metrics(clock)
  const snapshot = (): DriverSnapshot => ({
    at: clock.wallTime(),
    pool: { min: 2, max: 20, idle: 2, leased: 1, opening: 0, waiting: 0, generation: 1, outageMs: undefined },
    metrics: metrics.snapshot(),
    resolution: { pending: 0 },
    circuit: { state: "closed", openMs: undefined },
    retriesLeft: 10,
    database: identity,
    times: noTimes,
  })
  const engine = new ScriptedEngine({ snapshot, ...script }, clock)
  const made = (driver: { readonly observer?: Observer }): ScriptedEngine => {
    observer = driver.observer
    return engine
  }
  const db = assembleDatabase<Shop, unknown>({}, { engine: made, clock, random: () => 0.5 })
  const handler = assembleHandler(db, options, { clock, env, instance: "abc" })
  onTestFinished(handler.close)
  const get: Site["get"] = (path, headers = {}, method = "GET") =>
    handler(new Request(`http://app.test${path}`, { method, headers: { host: "app.test", ...headers } }))
  const heard = (event: DriverEvent): void => {
    metrics.observe(event)
    observer?.(event)
  }
  return { db, clock, handler, get, heard, statements: engine.asked }
}

export const bearer = { authorization: `Bearer ${TOKEN}` }

export const lost = failure("connection_failed", { blame: "server", message: "secret words", effect: "not_applied" })

export function settled(name: "query.failed" | "query.succeeded", sql: string): DriverEvent {
  return {
    at: 0,
    name,
    queryId: "1",
    sql,
    durationMs: 12,
    attempts: 2,
    access: "read",
    failure: lost,
    because: "attempts-spent",
    firstFailure: lost,
  }
}

import { DURATION_BOUNDS_MS } from "@kysely-resilient/driver"

import type { Facts } from "./facts.ts"
import { poolAttributes } from "./facts.ts"
import { CONNECTION_STATE, ERROR_TYPE, OWN, type Attributes } from "./names.ts"

/** One value of a metric, with what it is of. */
export interface Sample {
  readonly attributes: Attributes
  readonly value: number
}

/** A metric that is read when it is asked for. */
export interface Instrument {
  readonly name: string
  readonly kind: "counter" | "gauge" | "updown"
  readonly unit: string
  readonly help: string
  readonly read: (facts: Facts) => readonly Sample[]
}

/** The bounds of all durations, in seconds. */
export const BOUNDS_S: readonly number[] = DURATION_BOUNDS_MS.map((boundMs) => boundMs / 1_000)

type Value = (facts: Facts) => number

const updown = (name: string, unit: string, help: string, value: Value): Instrument =>
  one("updown", name, unit, help, value)
const counter = (name: string, unit: string, help: string, value: Value): Instrument =>
  one("counter", name, unit, help, value)

function one(kind: Instrument["kind"], name: string, unit: string, help: string, value: Value): Instrument {
  const read = (facts: Facts): readonly Sample[] => [
    { attributes: poolAttributes(facts.snapshot.database), value: value(facts) },
  ]
  return { name, kind, unit, help, read }
}

/** Several series of one pool, told apart by the attributes. */
function several(
  kind: Instrument["kind"],
  name: string,
  unit: string,
  help: string,
  values: (facts: Facts) => Iterable<readonly [Attributes, number]>,
): Instrument {
  const read = (facts: Facts): readonly Sample[] => {
    const pool = poolAttributes(facts.snapshot.database)
    return Array.from(values(facts), ([attributes, value]) => ({ attributes: { ...pool, ...attributes }, value }))
  }
  return { name, kind, unit, help, read }
}

/** Of one state 1, of the others 0. */
function states(all: readonly string[], now: string, key: string): (readonly [Attributes, number])[] {
  return all.map((state) => [{ [key]: state }, state === now ? 1 : 0] as const)
}

function counted(
  counts: ReadonlyMap<string, number>,
  all: readonly string[],
  key: string,
): (readonly [Attributes, number])[] {
  return all.map((value) => [{ [key]: value }, counts.get(value) ?? 0] as const)
}

const CIRCUIT_STATES = ["closed", "open", "half_open"] as const

/** What a pool of connections is measured by, in the conventions' words; its three histograms are elsewhere. */
const CONNECTIONS: readonly Instrument[] = [
  several(
    "updown",
    "db.client.connection.count",
    "{connection}",
    "Connections, by what they are doing",
    ({ snapshot: { pool } }) => [
      [{ [CONNECTION_STATE]: "idle" }, pool.idle],
      [{ [CONNECTION_STATE]: "used" }, pool.leased],
    ],
  ),
  updown(
    "db.client.connection.max",
    "{connection}",
    "The most connections that may be open",
    (f) => f.snapshot.pool.max,
  ),
  updown("db.client.connection.idle.max", "{connection}", "The most that may be idle", (f) => f.snapshot.pool.max),
  updown("db.client.connection.idle.min", "{connection}", "So many are kept open", (f) => f.snapshot.pool.min),
  updown(
    "db.client.connection.pending_requests",
    "{request}",
    "Callers that wait for a connection",
    (f) => f.snapshot.pool.waiting,
  ),
  counter(
    "db.client.connection.timeouts",
    "{timeout}",
    "Callers that waited in vain",
    (f) => f.snapshot.times.timeouts,
  ),
]

/** Ours, which agree with `metrics` of the report. */
const OURS: readonly Instrument[] = [
  counter(`${OWN}.queries`, "{query}", "Callers' statements, once each", (f) => f.snapshot.metrics.total_queries),
  counter(
    `${OWN}.queries.failed`,
    "{query}",
    "Statements whose first attempt failed for availability",
    (f) => f.snapshot.metrics.failed_queries,
  ),
  counter(
    `${OWN}.connections.reconnected`,
    "{connection}",
    "Connections opened to replace a lost one",
    (f) => f.snapshot.metrics.reconnections,
  ),
  counter(
    `${OWN}.transaction.rollbacks`,
    "{rollback}",
    "Rollbacks that were not the caller's own",
    (f) => f.snapshot.metrics.transaction_rollbacks,
  ),
  counter(
    `${OWN}.pool.resets`,
    "{reset}",
    "Times that all connections were replaced",
    (f) => f.snapshot.metrics.pool_resets,
  ),
  counter(
    `${OWN}.transactions.held_too_long`,
    "{transaction}",
    "Transactions that were open for too long",
    (f) => f.tally.heldTooLong,
  ),
  counter(`${OWN}.observer.failures`, "{failure}", "Observers that threw", (f) => f.snapshot.metrics.observer_failures),
  several("counter", `${OWN}.resolutions`, "{commit}", "COMMITs that nobody answered, by what became of them", (f) =>
    Object.entries(f.snapshot.metrics.resolutions).map(
      ([effect, count]) => [{ [`${OWN}.effect`]: effect }, count] as const,
    ),
  ),
  several("counter", `${OWN}.retries`, "{retry}", "Failures that were tried again, or could have been", (f) =>
    f.tally.retries.map(
      ([type, outcome, count]) => [{ [ERROR_TYPE]: type, [`${OWN}.retry.outcome`]: outcome }, count] as const,
    ),
  ),
  several(
    "counter",
    `${OWN}.requests.refused`,
    "{request}",
    "Statements that were refused before they were sent",
    (f) => counted(f.tally.refusals, ["circuit", "queue_full"], `${OWN}.reason`),
  ),
  several("counter", `${OWN}.circuit.transitions`, "{transition}", "Changes of the circuit, by what it became", (f) =>
    counted(f.tally.transitions, CIRCUIT_STATES, `${OWN}.circuit.to`),
  ),
  several("updown", `${OWN}.circuit.state`, "1", "1 for the state that the circuit is in", (f) =>
    states(CIRCUIT_STATES, f.snapshot.circuit.state.replace("-", "_"), `${OWN}.circuit.state`),
  ),
  one(
    "gauge",
    `${OWN}.retry.tokens`,
    "{token}",
    "Retries that the budget allows at this moment",
    (f) => f.snapshot.retriesLeft,
  ),
  one(
    "gauge",
    `${OWN}.resolutions.pending`,
    "{commit}",
    "Effects that are looked for in the background",
    (f) => f.snapshot.resolution.pending,
  ),
  several("updown", `${OWN}.health.status`, "1", "1 for the status of the database", ({ health }) =>
    health === undefined ? [] : states(["healthy", "degraded", "critical"], health, `${OWN}.health.status`),
  ),
  several("gauge", `${OWN}.advice`, "{advice}", "What there is to do, by rule and severity", ({ advice = [] }) =>
    Array.from(
      Map.groupBy(advice, ({ code, severity }) => `${code} ${severity}`).values(),
      ([first, ...others]) =>
        [
          { [`${OWN}.rule`]: first?.code ?? "", [`${OWN}.severity`]: first?.severity ?? "" },
          1 + others.length,
        ] as const,
    ),
  ),
]

export const INSTRUMENTS: readonly Instrument[] = [...CONNECTIONS, ...OURS]

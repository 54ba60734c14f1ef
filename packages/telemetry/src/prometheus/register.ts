import { FactsOfNow } from "../facts.ts"
import { tallyOf } from "../tally.ts"
import type { Source } from "../source.ts"
import { families, type Family, type Line } from "./family.ts"
import { prefixOf, type PrometheusOptions } from "./options.ts"

/** A registry of `prom-client`, or of anything that calls itself one. */
export interface Registry {
  /** It will be a `RegisteredMetric`, which no registry's own types know. */
  registerMetric(metric: object): void
  removeSingleMetric(name: string): void
}

/** What a registry asks for the lines of one metric. */
export interface RegisteredMetric {
  /** A registry in OpenMetrics mode takes the `_total` off. */
  name: string
  readonly help: string
  readonly type: string
  readonly aggregator: string
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: readonly Line[] }>
  /** Nothing is kept here that could be reset. */
  reset(): void
}

/** Each database once, with what is known of it at the moment of a scrape. */
type Registered = Map<Source, FactsOfNow>

const registries = new WeakMap<Registry, Map<string, Registered>>()

/**
 * All metrics of a database in a registry, read when it is scraped: no timers, and nothing is kept that the database does not know
 * itself. Several databases go into one registry, and are told apart by `db_client_connection_pool_name`. Registering one again does
 * nothing, and a new one takes the place of a closed one of its name. The function that is returned takes the database out.
 */
export function registerPrometheus(registry: Registry, source: Source, options: PrometheusOptions = {}): () => void {
  const prefix = prefixOf(options)
  const prefixes = registries.get(registry) ?? new Map<string, Registered>()
  registries.set(registry, prefixes)
  let registered = prefixes.get(prefix)
  if (registered === undefined) {
    const [other] = prefixes.keys()
    // The conventions' metrics have no prefix, and can be in a registry only once.
    if (other !== undefined) {
      throw new Error(`This registry has databases under the prefix ${other} already: give all of them the same`)
    }
    registered = new Map()
    for (const family of families(prefix)) registry.registerMetric(new Registration(family, registered))
    prefixes.set(prefix, registered)
  }
  // It counts from now on, not from the first scrape.
  tallyOf(source)
  if (!registered.has(source)) {
    makeRoom(registered, source)
    registered.set(source, new FactsOfNow(source))
  }
  return () => {
    if (registered.delete(source) && registered.size === 0 && prefixes.delete(prefix)) {
      for (const { name } of families(prefix)) registry.removeSingleMetric(name)
    }
  }
}

/** Names are unique among open databases: who had this one before is closed, and two series of one name are none to Prometheus. */
function makeRoom(registered: Registered, source: Source): void {
  for (const other of registered.keys()) {
    if (other.snapshot().database.name === source.snapshot().database.name) registered.delete(other)
  }
}

class Registration implements RegisteredMetric {
  name: string
  readonly help: string
  readonly type: string
  /** Processes of a cluster add up. */
  readonly aggregator = "sum"
  readonly #read: Family["read"]
  readonly #registered: Registered

  constructor({ name, help, type, read }: Family, registered: Registered) {
    this.name = name
    this.help = help
    this.type = type
    this.#read = read
    this.#registered = registered
  }

  async get(): ReturnType<RegisteredMetric["get"]> {
    const { name, help, type, aggregator } = this
    const values = [...this.#registered.values()].flatMap((now) => this.#read(now.current))
    return { name, help, type, aggregator, values }
  }

  reset(): void {}
}

import type { ClientBase, PoolConfig, PoolOptions } from "pg"

import { assemble } from "./assemble.ts"
import type { DriverOptions } from "./options.ts"
import { inDriversWords, readPoolConfig, type PoolConfigRest } from "./options/pool-config.ts"
import { isTypeSource } from "./pg-pool/call.ts"
import { Clients } from "./pg-pool/clients.ts"
import { PoolFacade } from "./pg-pool/pool-facade.ts"

export type { EffectOnError } from "./pg-pool/errors.ts"
export { OptionsError } from "./options/options-error.ts"

/** `pg`'s own configuration, and what `pg` has no words for. */
export interface ResilientPoolConfig extends Omit<PoolConfig, "onConnect"> {
  /** Once per physical connection, and waited for; again after its session was reset because something was left in it. */
  onConnect?: ((client: ClientBase) => void | Promise<void>) | undefined
  readonly resilience?: Omit<DriverOptions, "connection" | "onConnect">
}

/**
 * A `pg.Pool` that survives bad days: it reconnects, repairs transaction state on release, and repeats what is safe to repeat. What
 * was written for `pg` works with it as it is; docs/pg-pool.md says what is better, and what differs.
 *
 * ```ts
 * const pool: pg.Pool = new ResilientPool({ connectionString: process.env.DATABASE_URL, max: 20 })
 * ```
 *
 * Never connects by itself; the first query does. Throws `OptionsError`, with every problem in it, for bad options.
 */
export class ResilientPool extends PoolFacade {
  /** @param config `pg`'s, with the defaults of `pg`; or `DriverOptions`, with theirs */
  constructor(config: ResilientPoolConfig | DriverOptions = {}) {
    const { driver, rest } = isDriverOptions(config)
      ? { driver: config, rest: restOf(config) }
      : readPoolConfig(config, process.env)
    const clients = new Clients({ onConnect: rest.onConnect, verify: rest.verify })
    const engine = assemble(
      driver,
      {},
      {
        greet: (_, connection) => clients.greet(connection),
        onClosed: (connection, reason) => clients.closed(connection, reason),
        usesMax: rest.usesMax,
      },
    )
    const { host, port, user, database } = engine.settings.ok ? engine.settings.value : NOWHERE
    super({
      engine,
      clients,
      place: { host, port, user, database },
      types: isTypeSource(rest.types) ? rest.types : undefined,
      options: isDriverOptions(config) ? { ...rest.limits } : withoutSecrets({ ...config, ...rest.limits }),
    })
  }
}

function isDriverOptions(config: ResilientPoolConfig | DriverOptions): config is DriverOptions {
  return inDriversWords(config)
}

const NOWHERE = { host: "", port: 0, user: "", database: "" }

/** `DriverOptions` in the words of `pg`, for `pool.options`. */
function restOf({ pool = {}, onConnect }: DriverOptions): PoolConfigRest {
  const {
    max = 20,
    min = Math.min(2, max),
    idleTimeoutMs = 30_000,
    maxLifetimeMs = 1_800_000,
    keepAlive = false,
  } = pool
  return {
    onConnect,
    verify: undefined,
    types: undefined,
    usesMax: undefined,
    limits: {
      max,
      min,
      maxUses: Infinity,
      allowExitOnIdle: !keepAlive,
      maxLifetimeSeconds: maxLifetimeMs / 1_000,
      idleTimeoutMillis: idleTimeoutMs,
    },
  }
}

/** Readable, and in no log that shows the pool; as `pg` does it. */
function withoutSecrets(options: PoolOptions): PoolOptions {
  const hide = (of: object, key: string): void => {
    if (Object.hasOwn(of, key)) Object.defineProperty(of, key, { enumerable: false })
  }
  hide(options, "password")
  if (typeof options.ssl !== "object") return options
  const ssl = { ...options.ssl }
  hide(ssl, "key")
  return Object.defineProperty(options, "ssl", { value: ssl })
}

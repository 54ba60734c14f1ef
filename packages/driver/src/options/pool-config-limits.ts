import { LONGEST_MS, show, type Section } from "./check.ts"

/** As `pool.options` has them, with pg-pool's defaults. */
export interface PgLimits {
  readonly max: number
  readonly min: number
  readonly maxUses: number
  readonly allowExitOnIdle: boolean
  readonly maxLifetimeSeconds: number
  readonly idleTimeoutMillis: number | null
}

export type Loose = Record<string, unknown>

/** How many connections, for how long, in pg-pool's words and in ours. */
export interface ReadLimits {
  /** Ours for what was given. */
  readonly pool: Loose
  readonly timeouts: Loose
  readonly usesMax: number | undefined
  readonly limits: PgLimits
}

/** What pg-pool does where nothing is said, and this driver would do otherwise: other processes may count on it. */
export const PG_POOL_DEFAULTS: Loose = { max: 10, min: 0, idleTimeoutMs: 10_000 }

export function readLimits(section: Section): ReadLimits {
  const max = numberIn(section, "max") || numberIn(section, "poolSize") || undefined
  const min = numberIn(section, "min")
  const idle = section.value("idleTimeoutMillis")
  const idleMs = idle === null ? 0 : numberIn(section, "idleTimeoutMillis")
  const connectMs = numberIn(section, "connectionTimeoutMillis")
  const lifetimeSeconds = numberIn(section, "maxLifetimeSeconds")
  const uses = numberIn(section, "maxUses") || Infinity
  const queryMs = numberIn(section, "query_timeout")
  const exits = section.value("allowExitOnIdle") === null ? undefined : section.flag("allowExitOnIdle")
  return {
    pool: withoutHoles({
      max,
      min,
      idleTimeoutMs: endless(idleMs),
      acquireTimeoutMs: endless(connectMs),
      maxLifetimeMs: endless(lifetimeSeconds && lifetimeSeconds * 1_000),
      keepAlive: exits === undefined ? undefined : !exits,
    }),
    timeouts: withoutHoles({ connectMs: connectMs || undefined, queryMs: queryMs || undefined }),
    usesMax: uses === Infinity ? undefined : uses,
    limits: {
      max: max ?? 10,
      min: min ?? 0,
      maxUses: uses,
      allowExitOnIdle: exits ?? false,
      maxLifetimeSeconds: lifetimeSeconds ?? 0,
      idleTimeoutMillis: idle === null ? null : (idleMs ?? 10_000),
    },
  }
}

/** A number, or a text that is one, as from the environment. `false`, null and the empty string are none. */
export function numberIn(section: Section, key: string): number | undefined {
  const value = section.value(key)
  if (value === undefined || value === null || value === false || value === "") return undefined
  const number = typeof value === "string" ? Number(value) : value
  if (typeof number === "number" && number >= 0) return number
  return section.wrong(key, `is ${show(value)}`, "Give a number, 0 or more")
}

/** With pg 0 is no limit; here a wait has one. */
function endless(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.min(ms || LONGEST_MS, LONGEST_MS)
}

function withoutHoles(values: Loose): Loose {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

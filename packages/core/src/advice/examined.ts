import type { Configuration } from "@kysely-resilient/driver"

import type { AdviceSeverity } from "./advice.ts"
import type { ActivityFacts } from "./facts/activity.ts"
import type { ReplicationFacts } from "./facts/replication.ts"
import type { SectionName } from "./facts/section.ts"
import type { SequenceFacts } from "./facts/sequences.ts"
import type { ServerFacts } from "./facts/server.ts"
import type { StatementFacts, StatementsPlace } from "./facts/statements.ts"
import type { StorageFacts } from "./facts/storage.ts"
import { ADVICE_THRESHOLDS } from "./thresholds.ts"
import type { Rule } from "./rule.ts"

/** What was asked of the server. What its role may not see, or there was no time for, is not there. */
export interface Facts {
  readonly server: ServerFacts
  readonly activity?: ActivityFacts
  readonly storage?: StorageFacts
  readonly sequences?: SequenceFacts
  readonly replication?: ReplicationFacts
  readonly statementsPlace?: StatementsPlace
  readonly statements?: StatementFacts
  readonly unseen: readonly Unseen[]
}

/** What was asked in vain. */
export interface Unseen {
  readonly what: SectionName
  /** The failure's kind: `insufficient_privilege` stays so until something is granted, `server_shutdown` and its like may pass. */
  readonly why: string
  /** The same for a person. */
  readonly message: string
}

/** How long it takes to get there and back, and what came of the tries. */
export interface Pings {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** How far the server's clock is ahead of ours, as the fastest try shows it; negative: behind. */
  readonly skewMs: number
  /** By how much that can be wrong. */
  readonly skewErrorMs: number
  /** How many server processes answered on one connection: more than one is a pooler in transaction mode. */
  readonly processes: number
}

/** From when on something is told. */
export interface ServerLimits {
  /** A session that rests in a transaction, milliseconds. Default 5,000. */
  readonly idleInTransactionMs: number
  /** A transaction that runs, milliseconds. Default 60,000. */
  readonly transactionMs: number
  /** A session that waits for a lock, milliseconds. Default 1,000. */
  readonly lockWaitMs: number
  /** A prepared transaction, milliseconds. Default 60,000. */
  readonly preparedMs: number
  /** A replication slot that nobody reads from, milliseconds, where PostgreSQL tells (17). A standby that restarts is back sooner. Default 60,000. */
  readonly slotInactiveMs: number
  /** A round trip, milliseconds, half of them. Default 20. */
  readonly roundTripMs: number
  /** The difference between the clocks, milliseconds. Default 1,000. */
  readonly clockSkewMs: number
  /** How far a standby is behind, milliseconds. Default 30,000. */
  readonly replicaLagMs: number
}

export const DEFAULT_LIMITS: ServerLimits = {
  idleInTransactionMs: 5_000,
  transactionMs: ADVICE_THRESHOLDS.transactionMs,
  lockWaitMs: ADVICE_THRESHOLDS.lockWaitMs,
  preparedMs: 60_000,
  slotInactiveMs: 60_000,
  roundTripMs: 20,
  clockSkewMs: 1_000,
  replicaLagMs: ADVICE_THRESHOLDS.replicaLagMs,
}

/** What rules about a server judge. */
export interface Examined extends Facts {
  readonly configuration: Configuration
  /** A pooler is in between. */
  readonly pooled: boolean
  readonly pings: Pings
  /** On this machine: no network in between that could fail or listen. */
  readonly local: boolean
  /** People depend on it. */
  readonly production: boolean
  /** How many processes like this one there are. */
  readonly replicas: number
  readonly limits: ServerLimits
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface ServerRule extends Rule<Examined> {
  /** What it judges besides the server itself. Where that was asked in vain its silence says nothing. */
  readonly needs?: readonly SectionName[]
}

/** Until something is granted it stays so: no fault of this moment. */
export function isForbidden({ why }: { readonly why: string }): boolean {
  return why === "insufficient_privilege"
}

/** A setting's number; undefined if the server has none of that name, or does not show it. */
export function numberOf({ server }: Examined, name: string): number | undefined {
  const value = server.settings[name]
  return value === undefined || value === "" || Number.isNaN(Number(value)) ? undefined : Number(value)
}

export function isSet({ server }: Examined, name: string, value: string): boolean {
  return server.settings[name] === value
}

/** What matters where people depend on it, and is worth knowing on a laptop. */
export function graver({ production }: Examined, severity: AdviceSeverity = "warning"): AdviceSeverity {
  return production ? severity : "info"
}

/** For a server's own settings. */
export function alterSystem(name: string, value: string): string {
  return `alter system set ${name} = '${value}';\nselect pg_reload_conf()`
}

/** For the settings of whoever logs in as this role. */
export function alterRole({ server }: Examined, name: string, value: string): string {
  return `alter role ${identifier(server.role.name)} set ${name} = '${value}'`
}

export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** "a, b and 3 more". */
export function listed(names: readonly string[], most = 3): string {
  const [shown, rest] = [names.slice(0, most), names.length - most]
  return rest > 0 ? `${shown.join(", ")} and ${rest} more` : shown.join(", ")
}

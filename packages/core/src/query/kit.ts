import type { Backoff, Clock, Engine, Pace, Random } from "@kysely-resilient/driver"

import type { TellDropped } from "../dropped/watched.ts"
import type { ConstraintNames } from "../constraints/names.ts"
import { captureCallSite, type CallSite } from "../errors/call-site.ts"
import type { Closing } from "../foundation/closing.ts"
import type { SchemaDefinition } from "../schema/define-schema.ts"
import type { Hooks } from "./hooks.ts"
import type { Compiler } from "./cold.ts"
import type { ScopedEngine } from "./scoped-engine.ts"

/** How much errors tell. */
export interface ErrorSettings {
  readonly detail: "redact" | "include"
  readonly callSite: boolean
  readonly reportDropped: boolean
}

/** What all sessions of one database share. */
export interface Kit {
  readonly engine: Engine
  /** The same, for what is asked of the pool. */
  readonly pool: ScopedEngine
  readonly compiler: Compiler
  readonly clock: Clock
  readonly random: Random
  readonly errors: ErrorSettings
  /** The waits between the runs of a transaction. */
  readonly backoff: Readonly<Record<Pace, Backoff>>
  readonly hooks: Hooks
  readonly dropped: TellDropped
  /** What the schema says of its constraints, if it does. */
  readonly names: ConstraintNames | undefined
  readonly closing: Closing
  /** What the generated schema says of tables, if there is one. */
  readonly schema: SchemaDefinition | undefined
  /** Nothing may be written with it. */
  readonly readOnly: boolean
  /** How long a transaction may take that does not say so itself. */
  readonly transactionMs: number
}

/** Where `operation` was called, if errors are to say so. */
export function siteOf(kit: Kit, operation: (...parameters: never[]) => unknown): CallSite | undefined {
  return kit.errors.callSite ? captureCallSite(operation) : undefined
}

import type { Database, DatabaseOptions } from "@kysely-resilient/core"
import { assembleDatabase } from "@kysely-resilient/core/src/database.ts"
import type { Generated } from "kysely"

import { FakeClock } from "./fake-clock.ts"
import { ScriptedEngine, type Script } from "./scripted-engine.ts"

export interface Shop {
  users: { id: Generated<number>; email: string; first_name: string | null }
  posts: { id: Generated<number>; author_id: number; title: string }
}

export interface Scripted {
  readonly db: Database<Shop>
  readonly engine: ScriptedEngine
  readonly clock: FakeClock
}

/** A database whose engine answers what the test says, on a clock that the test winds. Waits are half of their longest. */
export function scripted(script: Script = {}, options: DatabaseOptions = {}): Scripted {
  const clock = new FakeClock()
  const engine = new ScriptedEngine(script, clock)
  const db = assembleDatabase<Shop, unknown>(options, { engine: () => engine, clock, random: () => 0.5 })
  return { db, engine, clock }
}

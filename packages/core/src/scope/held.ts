import { AsyncLocalStorage } from "node:async_hooks"

import type { Engine, LeaseHandle } from "@kysely-resilient/driver"

/** A connection that a callback holds while it runs. */
export interface Held {
  readonly engine: Engine
  readonly lease: LeaseHandle
  readonly what: "transaction" | "connection"
  /** In whose callback this one was begun. */
  readonly outer: Held | undefined
  /** What it has left running goes on without it. */
  over: boolean
}

const scope = new AsyncLocalStorage<Held>()

/** Runs a callback so that all it calls can tell what it holds. */
export async function holding<T>(
  engine: Engine,
  lease: LeaseHandle,
  what: Held["what"],
  callback: () => Promise<T>,
): Promise<T> {
  const held: Held = { engine, lease, what, outer: scope.getStore(), over: false }
  try {
    return await scope.run(held, callback)
  } finally {
    held.over = true
  }
}

/** What the running code holds of this engine's, the innermost. By the asynchronous context it was called from. */
export function heldOf(engine: Engine): Held | undefined {
  let held = scope.getStore()
  while (held !== undefined && (held.over || held.engine !== engine)) held = held.outer
  return held
}

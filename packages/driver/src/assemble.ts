import type { Engine } from "./engine.ts"
import type { DriverOptions } from "./options.ts"

/** Puts the parts together. Never connects. */
export function createEngine(_options: DriverOptions = {}): Engine {
  throw new Error("bug: not assembled yet")
}

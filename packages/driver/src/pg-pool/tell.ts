import type { EventEmitter } from "node:events"

/**
 * Tells whoever listens. What a listener throws is an uncaught exception, as with `pg`; but it must not come between a statement and
 * its answer, or a connection and its end, which is where events come from.
 */
export function tell(emitter: EventEmitter, event: string, ...told: readonly unknown[]): void {
  try {
    emitter.emit(event, ...told)
  } catch (thrown) {
    process.nextTick(() => {
      throw thrown
    })
  }
}

/** The same, for an event that would end the process if nobody listened. */
export function tellError(emitter: EventEmitter, ...told: readonly unknown[]): void {
  if (emitter.listenerCount("error") > 0) tell(emitter, "error", ...told)
}

import type { DroppedError } from "../dropped/unseen.ts"
import type { CallbackThrew } from "../errors/bug.ts"

/** Callbacks of yours that are told what no Result can say. What they throw is dropped. */
export interface Hooks {
  /**
   * A callback of yours threw: one given to `afterCommit`, or the body of a transaction. `unsafeDriverError(error)` gives
   * what it threw. Default: a process warning for `afterCommit`, nothing where a Result says it anyway.
   */
  readonly defect?: (error: CallbackThrew) => void
  /**
   * An operation answered an Err, and nobody has looked at it: told when the Err is gone, or the program ends by itself. Only where
   * `errors.reportDropped` is on. Default: a process warning.
   */
  readonly droppedError?: (dropped: DroppedError) => void
}

/** Tells whoever wants to know; a hook that throws, or whose promise rejects, is not heard. `unheard`: nobody else will learn of it. */
export function tellDefect(hooks: Hooks, error: CallbackThrew, unheard: boolean): void {
  tell(hooks.defect, error, unheard)
}

export function tellDropped(hooks: Hooks, dropped: DroppedError): void {
  tell(hooks.droppedError, dropped, true)
}

function tell<T extends { readonly message: string }>(
  hook: ((told: T) => void) | undefined,
  told: T,
  warn: boolean,
): void {
  try {
    if (hook !== undefined) {
      const returned: unknown = hook(told)
      if (returned instanceof Promise) returned.catch(() => {})
    } else if (warn) process.emitWarning(told.message, { type: "KyselyResilientWarning" })
  } catch {
    // The hook is the application's; its failure must not become the operation's.
  }
}

import type { CallbackThrew } from "../errors/bug.ts"

/** Callbacks of yours that are told what no Result can say. What they throw is dropped. */
export interface Hooks {
  /**
   * A callback of yours threw: one given to `afterCommit`, or the body of a transaction. `unsafeDriverError(error)` gives
   * what it threw. Default: a process warning for `afterCommit`, nothing where a Result says it anyway.
   */
  readonly defect?: (error: CallbackThrew) => void
}

/** Tells whoever wants to know; a hook that throws, or whose promise rejects, is not heard. `unheard`: nobody else will learn of it. */
export function tellDefect(hooks: Hooks, error: CallbackThrew, unheard: boolean): void {
  try {
    if (hooks.defect !== undefined) {
      const returned: unknown = hooks.defect(error)
      if (returned instanceof Promise) returned.catch(() => {})
    } else if (unheard) process.emitWarning(error.message, { type: "KyselyResilientWarning" })
  } catch {
    // The hook is the application's; its failure must not become the operation's.
  }
}

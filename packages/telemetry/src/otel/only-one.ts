import type { Source } from "../source.ts"

/** What each database tells, by whom it tells it. */
const begun = new WeakMap<Source, Map<unknown, () => void>>()

/**
 * Begins to tell somebody of a database, and ends what was begun before for the same two: a module that is loaded anew begins again, and every
 * statement would be counted twice. The function that is returned ends it.
 */
export function onlyOne(source: Source, receiver: unknown, begin: () => () => void): () => void {
  const receivers = begun.get(source) ?? new Map<unknown, () => void>()
  begun.set(source, receivers)
  receivers.get(receiver)?.()
  const end = begin()
  const endOnce = (): void => {
    if (receivers.get(receiver) !== endOnce) return
    receivers.delete(receiver)
    end()
  }
  receivers.set(receiver, endOnce)
  return endOnce
}

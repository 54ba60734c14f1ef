import type { Observer } from "./events.ts"

/**
 * Several observers as one. One that throws, or whose promise rejects, is reported to `onFailure` and otherwise dropped:
 * whatever watches a query cannot break it, nor end the process.
 */
export function combineObservers(observers: readonly (Observer | undefined)[], onFailure: () => void): Observer {
  const listening = observers.filter((observer) => observer !== undefined)
  return (event) => {
    for (const observer of listening) {
      try {
        // An async function passes for an Observer; its rejection would otherwise be nobody's.
        const returned: unknown = observer(event)
        if (returned instanceof Promise) returned.catch(onFailure)
      } catch {
        onFailure()
      }
    }
  }
}

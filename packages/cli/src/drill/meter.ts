import type { DriverEvent } from "@kysely-resilient/driver"

/** How much work was done twice: what was sent, against what would have been enough. */
export class Meter {
  /** Per transaction that is under way: tries of statements in its present run, which are in vain if it runs again. */
  readonly #runs = new Map<string, number>()
  #sent = 0
  #wasted = 0

  readonly observe = (event: DriverEvent): void => {
    if (event.name === "query.succeeded" || event.name === "query.failed") {
      this.#sent += event.attempts
      this.#wasted += Math.max(0, event.attempts - 1)
      if (event.label !== undefined) this.#runs.set(event.label, (this.#runs.get(event.label) ?? 0) + 1)
    }
    if (event.name === "transaction.rerun" && event.label !== undefined) {
      this.#wasted += this.#runs.get(event.label) ?? 0
      this.#runs.delete(event.label)
    }
  }

  /** The operation is over: nothing of it is run again. */
  forget(label: string): void {
    this.#runs.delete(label)
  }

  /** 1 if nothing was done twice. */
  get retryAmplification(): number {
    const needed = this.#sent - this.#wasted
    return needed <= 0 ? 1 : Math.round((this.#sent / needed) * 1_000) / 1_000
  }
}

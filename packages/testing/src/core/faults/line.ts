import type { Fault } from "./fault.ts"

export type Take = (fits: (fault: Fault) => boolean) => Fault | undefined

/** Faults that wait for what they are for. */
export class FaultLine {
  readonly #waiting: { readonly fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 })
  }

  take(fits: (fault: Fault) => boolean): Fault | undefined {
    const at = this.#waiting.findIndex(({ fault }) => fits(fault))
    const next = this.#waiting[at]
    if (next === undefined) return undefined
    next.left -= 1
    if (next.left === 0) this.#waiting.splice(at, 1)
    return next.fault
  }

  get pending(): number {
    return this.#waiting.reduce((count, { left }) => count + left, 0)
  }

  clear(): void {
    this.#waiting.length = 0
  }
}

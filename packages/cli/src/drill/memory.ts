import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** A look costs a full collection, some tens of milliseconds. */
const LOOK_EVERY_MS = 5_000
const MB = 1024 * 1024

export interface HeapReport {
  readonly firstMb: number
  readonly lastMb: number
  readonly maxMb: number
  /** Of the second half, when everything that fills up has filled up: a line through it. */
  readonly growthMbPerMinute: number
}

interface Sample {
  readonly atMs: number
  readonly usedMb: number
}

/** What is still in use after a full collection, now and then. */
export class Memory implements Disposable {
  readonly #samples: Sample[] = []
  readonly #now: () => number
  readonly #collect: () => void
  readonly #timer: NodeJS.Timeout

  constructor(now: () => number) {
    this.#now = now
    this.#collect = collector()
    this.#look()
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  report(): HeapReport {
    this.#look()
    const used = this.#samples.map(({ usedMb }) => usedMb)
    return {
      firstMb: rounded(used[0] ?? 0),
      lastMb: rounded(used.at(-1) ?? 0),
      maxMb: rounded(Math.max(...used)),
      growthMbPerMinute: rounded(slopePerMinute(this.#samples.slice(Math.floor(this.#samples.length / 2)))),
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    this.#collect()
    const { heapUsed, external } = process.memoryUsage()
    this.#samples.push({ atMs: this.#now(), usedMb: (heapUsed + external) / MB })
  }
}

/** Node hands the collector out only when told to; this tells it, without a flag on the command line. */
function collector(): () => void {
  setFlagsFromString("--expose-gc")
  const collect: unknown = runInNewContext("gc")
  return typeof collect === "function" ? () => void Reflect.apply(collect, undefined, []) : () => {}
}

/** Least squares. */
function slopePerMinute(samples: readonly Sample[]): number {
  if (samples.length < 3) return 0
  const meanAt = samples.reduce((sum, { atMs }) => sum + atMs, 0) / samples.length
  const meanUsed = samples.reduce((sum, { usedMb }) => sum + usedMb, 0) / samples.length
  const covariance = samples.reduce((sum, { atMs, usedMb }) => sum + (atMs - meanAt) * (usedMb - meanUsed), 0)
  const variance = samples.reduce((sum, { atMs }) => sum + (atMs - meanAt) ** 2, 0)
  return variance === 0 ? 0 : (covariance / variance) * 60_000
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

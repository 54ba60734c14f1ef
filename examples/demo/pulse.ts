/** How often the number of finished operations is looked at. */
const PERIOD_MS = 500
/** As many periods as a terminal shows: half a minute. */
const PERIODS_MAX = 56

/** How many operations end per period: the heartbeat that one sees stop when the database does. */
export class Pulse implements Disposable {
  readonly #count: () => number
  readonly #timer: NodeJS.Timeout
  readonly #history: number[] = []
  #before: number

  /** `count`: how many have ended altogether. */
  constructor(count: () => number) {
    this.#count = count
    this.#before = count()
    this.#timer = setInterval(() => this.#beat(), PERIOD_MS).unref()
  }

  /** Oldest first. */
  get history(): readonly number[] {
    return this.#history
  }

  get perSecond(): number {
    return Math.round(((this.#history.at(-1) ?? 0) * 1_000) / PERIOD_MS)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    const count = this.#count()
    this.#history.push(count - this.#before)
    this.#before = count
    if (this.#history.length > PERIODS_MAX) this.#history.shift()
  }
}

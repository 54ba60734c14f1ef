import type { Screen } from "../command.ts"
import type { Paint } from "../paint.ts"
import { grouped } from "./report.ts"
import type { Tally } from "./scoreboard.ts"

/** What a moment of a drill looks like. */
export interface Moment {
  readonly seed: number
  readonly seconds: number
  readonly elapsedMs: number
  /** What is being done right now, in words. */
  readonly doing: string
  readonly total: Tally
  readonly hits: number
}

const REDRAW_MS = 200
/** Not a terminal: a line now and then, so that a log stays readable. */
const LINE_MS = 5_000

const BACK_AND_CLEAR = "\r\u001B[K"
const COLUMNS_USUAL = 80

/** Shows how a drill goes: one line in place on a terminal, line by line elsewhere. */
export class Progress implements Disposable {
  readonly #screen: Screen
  readonly #look: () => Moment
  readonly #paint: Paint
  readonly #timer: NodeJS.Timeout

  constructor(screen: Screen, paint: Paint, look: () => Moment) {
    this.#screen = screen
    this.#look = look
    this.#paint = paint
    this.#timer = setInterval(() => this.#draw(), screen.isTTY === true ? REDRAW_MS : LINE_MS).unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    if (this.#screen.isTTY === true) this.#screen.write(BACK_AND_CLEAR)
  }

  #draw(): void {
    const line = lineOf(this.#look())
    const { isTTY, columns = COLUMNS_USUAL } = this.#screen
    this.#screen.write(
      isTTY === true ? `${BACK_AND_CLEAR}${this.#paint("dim", line.slice(0, columns - 1))}` : `${line}\n`,
    )
  }
}

export function lineOf({ seconds, elapsedMs, doing, total, hits }: Moment): string {
  const { operations, retried, asked, needed, avoidable, unknown } = total
  return [
    `${(elapsedMs / 1_000).toFixed(1)} of ${seconds} s`,
    `${grouped(operations)} operations`,
    `${hits} hits`,
    `${grouped(retried)} retried`,
    `errors ${asked + needed} needed, ${avoidable} avoidable, ${unknown} unknown`,
    doing,
  ].join(" · ")
}

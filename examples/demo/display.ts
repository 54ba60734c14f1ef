import process from "node:process"
import { styleText } from "node:util"

import { frame, lineOf } from "./frame.ts"
import type { Paint, View } from "./view.ts"

/** The part of a terminal's stream that is needed. */
export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

const REDRAW_MS = 120
/** Not a terminal: a line now and then, so that a log stays readable. */
const LINE_MS = 3_000
const COLUMNS_MIN = 80

const HIDE_CURSOR = "\u001B[?25l"
const SHOW_CURSOR = "\u001B[?25h"
const CLEAR_TO_END_OF_LINE = "\u001B[K"

/** Shows how the run goes: in place on a terminal, line by line elsewhere. */
export class Display implements Disposable {
  readonly #screen: Screen
  readonly #look: () => View
  readonly #paint: Paint
  readonly #timer: NodeJS.Timeout
  readonly #inPlace: boolean
  #drawnLines = 0

  constructor(screen: Screen, look: () => View) {
    this.#screen = screen
    this.#look = look
    this.#paint = paintFor(screen)
    this.#inPlace = fits(screen, frame(look(), this.#paint).length)
    if (this.#inPlace) {
      screen.write(HIDE_CURSOR)
      process.once("exit", this.#showCursor)
    }
    this.#timer = setInterval(() => this.#draw(), this.#inPlace ? REDRAW_MS : LINE_MS)
    if (this.#inPlace) this.#draw()
  }

  /** Leaves the last frame on the screen, and the cursor below it. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    if (!this.#inPlace) return
    this.#draw()
    this.#showCursor()
    process.off("exit", this.#showCursor)
  }

  /** Also when the process ends in a hurry: a terminal without a cursor is a nuisance. */
  readonly #showCursor = (): void => {
    this.#screen.write(SHOW_CURSOR)
  }

  #draw(): void {
    const view = this.#look()
    if (!this.#inPlace) {
      this.#screen.write(`${lineOf(view)}\n`)
      return
    }
    const lines = frame(view, this.#paint)
    const back = this.#drawnLines === 0 ? "" : `\u001B[${this.#drawnLines}A`
    this.#screen.write(back + lines.map((text) => `${text}${CLEAR_TO_END_OF_LINE}\n`).join(""))
    this.#drawnLines = lines.length
  }
}

/** Colours on a terminal that wants them (NO_COLOR is heard), plain text elsewhere. */
export function paintFor(screen: Screen): Paint {
  const colours = screen.isTTY === true && (process.env["NO_COLOR"] ?? "") === ""
  return (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text)
}

function fits({ isTTY, columns = 0, rows = 0 }: Screen, lines: number): boolean {
  return isTTY === true && columns >= COLUMNS_MIN && rows > lines
}

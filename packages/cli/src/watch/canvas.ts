import process from "node:process"

import type { Screen } from "../command.ts"
import type { Window } from "./frame.ts"

/** Another screen, no cursor, and no line that goes on in the next: some characters are wider than they are counted. */
const ENTER = "\u001B[?1049h\u001B[?25l\u001B[?7l"
const LEAVE = "\u001B[?7h\u001B[?25h\u001B[?1049l"
/** Between these a terminal shows nothing half drawn, if it knows them. */
const BEGIN = "\u001B[?2026h\u001B[H"
const END = "\u001B[J\u001B[?2026l"
const CLEAR_LINE = "\u001B[K"

const USUAL: Window = { columns: 80, rows: 24 }

/** The whole of a terminal, drawn over in place; what was there before comes back at the end, however the process ends. */
export class Canvas implements Disposable {
  readonly #screen: Screen
  readonly #leave = (): void => void this.#screen.write(LEAVE)
  #drawn = ""

  constructor(screen: Screen) {
    this.#screen = screen
    process.once("exit", this.#leave)
    screen.write(ENTER)
  }

  get window(): Window {
    const { columns = USUAL.columns, rows = USUAL.rows } = this.#screen
    return { columns, rows }
  }

  draw(lines: readonly string[]): void {
    const { columns, rows } = this.window
    const picture = `${BEGIN}${lines.map((line) => line + CLEAR_LINE).join("\r\n")}${END}`
    // A window of another size shows pieces of the old picture until it is drawn again, changed or not.
    const drawn = `${columns}x${rows}${picture}`
    if (drawn === this.#drawn) return
    this.#drawn = drawn
    this.#screen.write(picture)
  }

  [Symbol.dispose](): void {
    process.off("exit", this.#leave)
    this.#leave()
  }
}

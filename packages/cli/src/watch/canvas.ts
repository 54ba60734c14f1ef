import type { Screen } from "../command.ts"
import type { Window } from "./frame.ts"

const ENTER = "\u001B[?1049h\u001B[?25l"
const LEAVE = "\u001B[?25h\u001B[?1049l"
const HOME = "\u001B[H"
const CLEAR_LINE = "\u001B[K"
const CLEAR_BELOW = "\u001B[J"

const USUAL: Window = { columns: 80, rows: 24 }

/** The whole of a terminal, drawn over in place; what was there before comes back at the end. */
export class Canvas implements Disposable {
  readonly #screen: Screen

  constructor(screen: Screen) {
    this.#screen = screen
    screen.write(ENTER)
  }

  get window(): Window {
    const { columns = USUAL.columns, rows = USUAL.rows } = this.#screen
    return { columns, rows }
  }

  draw(lines: readonly string[]): void {
    this.#screen.write(`${HOME}${lines.map((line) => line + CLEAR_LINE).join("\r\n")}${CLEAR_BELOW}`)
  }

  [Symbol.dispose](): void {
    this.#screen.write(LEAVE)
  }
}

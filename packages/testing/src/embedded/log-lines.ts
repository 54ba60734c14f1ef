/** The last lines of a log that has no end. */
export class LogLines {
  readonly #linesMax: number
  #lines: string[] = []
  #unfinished = ""

  constructor(linesMax: number) {
    this.#linesMax = linesMax
  }

  /** Takes text as it comes, cut anywhere. */
  push(text: string): void {
    const lines = (this.#unfinished + text).split(/\r?\n/)
    this.#unfinished = lines.pop() ?? ""
    this.#lines.push(...lines)
    // Twice the size before cutting, so that a chatty server costs one copy per `linesMax` lines and not per line.
    if (this.#lines.length > 2 * this.#linesMax) this.#lines = this.#lines.slice(-this.#linesMax)
  }

  last(): readonly string[] {
    const lines = this.#unfinished === "" ? this.#lines : [...this.#lines, this.#unfinished]
    return lines.slice(-this.#linesMax)
  }
}

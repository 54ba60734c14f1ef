/** One thing that is wrong with the options. */
export interface OptionsProblem {
  /** Where: `pool.min`, `connection.sslmode`, `DATABASE_URL`, `PGPORT`. */
  readonly path: string
  /** What is wrong, and why that cannot work. Never holds a password. */
  readonly problem: string
  /** What to do about it. */
  readonly hint: string
}

/** Everything that is wrong with the options, at once. Nothing was connected and nothing was corrected silently. */
export class OptionsError extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "OptionsError", configurable: true, writable: true })
  }

  readonly problems: readonly OptionsProblem[]

  constructor(problems: readonly OptionsProblem[]) {
    super(describe(problems))
    this.problems = Object.freeze(problems.map((problem) => Object.freeze({ ...problem })))
  }
}

function describe(problems: readonly OptionsProblem[]): string {
  const head = problems.length === 1 ? "One option is wrong:" : `${problems.length} options are wrong:`
  const lines = problems.map(
    ({ path, problem, hint }) => `  ${path}: ${problem}. ${hint}${hint.endsWith("?") ? "" : "."}`,
  )
  return [head, ...lines].join("\n")
}

/** What went wrong with writing or checking generated types, in a sentence that says what to do. */
export class CodegenError extends Error {
  override readonly name: string = "CodegenError"
}

/** The database could not be reached, or could not be read. */
export class DatabaseUnreadableError extends CodegenError {
  override readonly name: string = "DatabaseUnreadableError"
}

/** A configuration that cannot be right, with everything that is wrong about it at once. */
export class CodegenConfigError extends CodegenError {
  override readonly name: string = "CodegenConfigError"
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    const [first = "", ...more] = problems
    super(
      more.length === 0
        ? `The codegen configuration is wrong: ${first}`
        : `The codegen configuration has ${problems.length} problems:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    )
    this.problems = problems
  }
}

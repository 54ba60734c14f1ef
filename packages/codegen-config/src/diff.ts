import type { SchemaDrift } from "@kysely-resilient/core/schema-check"
import { compare } from "./compare.ts"
import type { CodegenConfig } from "./config.ts"
import type { GenerateOptions } from "./generate.ts"
import { lineDiff } from "./line-diff.ts"

/** What `generate` would change. */
export interface Diff {
  readonly outFile: string
  /** False if the file is there and would be left alone. */
  readonly changed: boolean
  /** What changed in the database since the file was written; empty if there was no file that says. */
  readonly drift: readonly SchemaDrift[]
  /** The lines that would go and come, as `diff -u` shows them: `-`, `+`, and some around them. */
  readonly lines: readonly string[]
}

/**
 * Reads the database and the file and changes neither.
 *
 * @throws CodegenConfigError for a wrong configuration; DatabaseUnreadableError if the database cannot be reached or
 *   read; CodegenError if it lacks a schema.
 */
export async function diff(config: CodegenConfig, options: GenerateOptions = {}): Promise<Diff> {
  const comparison = await compare(config, options)
  const text = comparison.state === "missing" ? "" : comparison.text
  return {
    outFile: comparison.outFile,
    changed: comparison.state === "missing" || text !== comparison.fresh.text,
    drift: comparison.state === "comparable" ? comparison.drift : [],
    lines: lineDiff(text, comparison.fresh.text),
  }
}

/** For a person: first what changed in the database, then what would change in the file. */
export function diffReport({ outFile, changed, drift, lines }: Diff): string {
  if (!changed) return `${outFile} would not change`
  return [
    `${outFile} would change`,
    ...drift.map(({ message }) => `  ${message}`),
    "",
    `--- ${outFile}`,
    "+++ as it would be generated",
    ...lines,
  ].join("\n")
}

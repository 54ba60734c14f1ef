import type { SchemaDrift } from "@kysely-resilient/core/schema-check"
import { compare } from "./compare.ts"
import type { CodegenConfig } from "./config.ts"
import type { GenerateOptions } from "./generate.ts"
import { withoutAliases } from "./schema-data.ts"

/**
 * How a generated file compares with its database.
 *
 * - `current`: it is what would be written now, but for the names of partitions' constraints
 * - `missing`: there is no file
 * - `foreign`: the file says nothing of itself that could be compared
 * - `drifted`: the database is not what the file says, so types may be wrong
 * - `rewritten`: they agree on the structure, but the text is not what would be written: comments or options changed,
 *   another version wrote it, or somebody edited it
 */
export type Verification = { readonly outFile: string } & (
  | { readonly state: "current"; readonly hash: string }
  | { readonly state: "missing" }
  | { readonly state: "foreign" }
  | { readonly state: "drifted"; readonly drift: readonly SchemaDrift[] }
  | { readonly state: "rewritten"; readonly line: number; readonly file: string; readonly generated: string }
)

/**
 * Compares the generated file with the database and changes neither.
 *
 * @throws CodegenConfigError for a wrong configuration; DatabaseUnreadableError if the database cannot be reached or
 *   read; CodegenError if it lacks a schema.
 */
export async function verify(config: CodegenConfig, options: GenerateOptions = {}): Promise<Verification> {
  const comparison = await compare(config, options)
  const { outFile, fresh, state } = comparison
  if (state !== "comparable") return { outFile, state }
  if (comparison.drift.length > 0) return { outFile, state: "drifted", drift: comparison.drift }
  const [text, generated] = [withoutAliases(comparison.text), withoutAliases(fresh.text)]
  if (text === generated) return { outFile, state: "current", hash: fresh.data.hash }
  return { outFile, state: "rewritten", ...firstDifferentLine(text, generated) }
}

function firstDifferentLine(text: string, freshText: string): { line: number; file: string; generated: string } {
  const [lines, fresh] = [text.split("\n"), freshText.split("\n")]
  const index = lines.findIndex((line, at) => line !== fresh[at])
  const at = index === -1 ? lines.length : index
  return { line: at + 1, file: lines[at] ?? "", generated: fresh[at] ?? "" }
}

/** For a person: what was found and what to do, one finding to a line. */
export function report(verification: Verification): string {
  return findings(verification).join("\n")
}

function findings(verification: Verification): readonly string[] {
  const { outFile, state } = verification
  if (state === "current") return [`${outFile} is what the database says (${verification.hash})`]
  if (state === "missing") return [`${outFile} does not exist: generate it`]
  if (state === "foreign") return [`${outFile} does not look like a generated file: move it away and generate it again`]
  if (state === "drifted") {
    return [
      `${outFile} is not what the database says any more: generate it again, or migrate the database`,
      ...verification.drift.map(({ message }) => `  ${message}`),
    ]
  }
  const { line, file, generated } = verification
  return [
    `${outFile} has the right structure but is not what would be written now: generate it again`,
    `  line ${line}, in the file:      ${file}`,
    `  line ${line}, would be written: ${generated}`,
  ]
}

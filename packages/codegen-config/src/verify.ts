import { checkConfig, type CodegenConfig } from "./config.ts"
import { describe, differences, type Difference } from "./drift.ts"
import { dataIn } from "./generated-file.ts"
import { readIfThere, readSchema, type GenerateOptions } from "./generate.ts"
import { structureHash } from "./structure.ts"

/**
 * How a generated file compares with its database.
 *
 * - `current`: it is exactly what would be written now
 * - `missing`: there is no file
 * - `foreign`: the file says nothing of itself that could be compared
 * - `drifted`: the database is not what the file says, so types may be wrong
 * - `rewritten`: they agree on every column, but the text is not what would be written: comments or options changed,
 *   another version wrote it, or somebody edited it
 */
export type Verification = { readonly outFile: string } & (
  | { readonly state: "current"; readonly hash: string }
  | { readonly state: "missing" }
  | { readonly state: "foreign" }
  | { readonly state: "drifted"; readonly differences: readonly Difference[] }
  | { readonly state: "rewritten"; readonly line: number; readonly file: string; readonly generated: string }
)

/**
 * Compares the generated file with the database and changes neither.
 *
 * @throws CodegenConfigError for a wrong configuration; CodegenError if the database cannot be reached or lacks a
 *   schema.
 */
export async function verify(config: CodegenConfig, { folder = "." }: GenerateOptions = {}): Promise<Verification> {
  const { outFile, ...source } = checkConfig(config, folder, process.env)
  // Git may have written the file with the line ends of another system.
  const text = (await readIfThere(outFile))?.replaceAll("\r\n", "\n")
  if (text === undefined) return { outFile, state: "missing" }
  const written = dataIn(text)
  if (!written) return { outFile, state: "foreign" }
  const fresh = await readSchema(source)
  const found = differences(written.tables, fresh.structure)
  if (found.length > 0) return { outFile, state: "drifted", differences: found }
  if (text === fresh.text) return { outFile, state: "current", hash: structureHash(fresh.structure) }
  return { outFile, state: "rewritten", ...firstDifferentLine(text, fresh.text) }
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
      ...verification.differences.map((difference) => `  ${describe(difference)}`),
    ]
  }
  const { line, file, generated } = verification
  return [
    `${outFile} has the right columns but is not what would be written now: generate it again`,
    `  line ${line}, in the file:      ${file}`,
    `  line ${line}, would be written: ${generated}`,
  ]
}

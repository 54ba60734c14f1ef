import { differences, queryName, type SchemaDrift } from "@kysely-resilient/core/schema-check"
import { checkConfig, type CheckedConfig } from "./check-config.ts"
import type { CodegenConfig } from "./config.ts"
import { readIfThere } from "./files.ts"
import { dataIn, sourceOf, type Fresh } from "./generated-file.ts"
import { freshFile, type GenerateOptions } from "./generate.ts"

/** A generated file beside what would be written now. */
export type Comparison = { readonly outFile: string; readonly fresh: Fresh } & (
  | { readonly state: "missing" }
  | { readonly state: "foreign"; readonly text: string }
  | { readonly state: "comparable"; readonly text: string; readonly drift: readonly SchemaDrift[] }
)

/** Reads both and changes neither. */
export async function compare(config: CodegenConfig, { folder = "." }: GenerateOptions): Promise<Comparison> {
  const checked: CheckedConfig = checkConfig(config, folder, process.env)
  const { outFile } = checked
  // Git may have written the file with the line ends of another system.
  const text = (await readIfThere(outFile))?.replaceAll("\r\n", "\n")
  const fresh = await freshFile(checked)
  if (text === undefined) return { outFile, fresh, state: "missing" }
  const written = dataIn(text)
  if (!written) return { outFile, fresh, state: "foreign", text }
  const drift = differences(written, fresh.data, (name) => queryName(name, sourceOf(checked)))
  return { outFile, fresh, state: "comparable", text, drift }
}

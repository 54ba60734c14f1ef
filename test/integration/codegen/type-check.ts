import { execFile } from "node:child_process"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { join } from "node:path"
import { promisify } from "node:util"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** A folder inside the repository, where packages are found and Node strips types; removed when it is disposed of. */
export async function scratchFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const parent = join(root, ".cache", "codegen-tests")
  await mkdir(parent, { recursive: true })
  const path = await mkdtemp(join(parent, "run-"))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** What an application need not keep to, and generated files do, since they are somebody's. */
export const asApplication = {
  isolatedDeclarations: false,
  declaration: false,
  noPropertyAccessFromIndexSignature: false,
}

/** The newest compiler that is promised to work, and the oldest. */
export type Compiler = "typescript" | "typescript-5.9"

/**
 * What `tsc` has against the TypeScript files of a folder, one finding to a line, under every strict flag that this
 * repository uses.
 *
 * @param alsoThere files that have been written already
 */
export async function typeErrors(
  folder: string,
  files: Readonly<Record<string, string>>,
  flags: Readonly<Record<string, boolean>> = {},
  compiler: Compiler = "typescript",
  alsoThere: readonly string[] = [],
): Promise<readonly string[]> {
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      noEmit: true,
      composite: false,
      allowImportingTsExtensions: true,
      noPropertyAccessFromIndexSignature: true,
      ...flags,
    },
    files: [...Object.keys(files), ...alsoThere],
  }
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  try {
    await promisify(execFile)(process.execPath, [
      join(root, "node_modules", compiler, "bin/tsc"),
      "-p",
      folder,
      "--pretty",
      "false",
    ])
    return []
  } catch (error) {
    if (!(error instanceof Error && "stdout" in error && typeof error.stdout === "string" && error.stdout !== ""))
      throw error
    return error.stdout.trim().split("\n")
  }
}

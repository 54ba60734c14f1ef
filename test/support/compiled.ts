import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)
const compiler = resolve(import.meta.dirname, "../../node_modules/.bin/tsc")

const OPTIONS =
  "--ignoreConfig --noCheck --target es2022 --lib esnext --module nodenext --skipLibCheck --types node --allowImportingTsExtensions --rewriteRelativeImportExtensions"

/**
 * Compiles a program and hands over what Node can run, for as long as it is used. For decorators: Node's own type stripping
 * refuses them. Types are checked with all others. It is put beside its source, from where it finds the same packages.
 */
export async function compiled<T>(source: string, use: (program: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(dirname(source), ".compiled-"))
  try {
    const places = ["--rootDir", dirname(source), "--outDir", folder]
    await run(compiler, [...OPTIONS.split(" "), ...places, source]).catch((error: unknown) => {
      throw new Error("it does not compile", { cause: error })
    })
    return await use(join(folder, basename(source).replace(/\.ts$/, ".js")))
  } finally {
    await rm(folder, { recursive: true })
  }
}

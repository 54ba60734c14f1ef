import { randomUUID } from "node:crypto"
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { CodegenConfigError } from "./errors.ts"

/**
 * The text of a file, or undefined if there is none.
 *
 * @throws CodegenConfigError if there is something else, or it may not be read
 */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw new CodegenConfigError([`outFile cannot be read: ${wordsOf(error)}`])
  }
}

/**
 * A reader sees the old file or the new one, never half of it; also of several that are written at once.
 *
 * @throws CodegenConfigError if it cannot be written
 */
export async function writeWhole(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(unfinished, text)
    await rename(unfinished, file)
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    throw new CodegenConfigError([`outFile cannot be written: ${wordsOf(error)}`])
  }
}

/** Node names the file and what is wrong with it. */
function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

import { lstatSync, statSync } from "node:fs"
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { codeOf } from "./error-code.ts"

/** Every file with its size. Cleaners of temporary folders take single files, so being there is not being whole. */
type Manifest = Readonly<Record<string, number>>

/**
 * A folder that is made once and then used by every later run: it appears under its name all at once, complete,
 * or not at all, however many processes want it at the same moment and wherever one of them dies.
 *
 * @param path where it is kept; its content is in `files` below it
 * @param make fills an empty folder; it runs only if there is no complete one yet
 * @returns the folder that `make` filled, now or long ago
 */
export async function keptFolder(path: string, make: (folder: string) => Promise<void>): Promise<string> {
  const files = join(path, "files")
  refuseIfForeign(path)
  if (await isComplete(path)) return files

  const building = await mkdtemp(`${path}.building-`)
  try {
    // mkdtemp makes it private; the server's user has to pass through.
    await chmod(building, 0o755)
    await mkdir(join(building, "files"), { mode: 0o755 })
    await make(join(building, "files"))
    await writeFile(join(building, "manifest.json"), JSON.stringify(await manifestOf(join(building, "files"))))
    await putInPlace(building, path)
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return files
}

/** A rename onto a folder fails if that has content: then somebody was faster, or what is there is damaged. */
async function putInPlace(building: string, path: string): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    try {
      return await rename(building, path)
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes(codeOf(error) ?? "")) throw error
    }
    if (await isComplete(path)) return
    const damaged = join(dirname(path), `${basename(path)}.damaged-${process.pid}-${tries}`)
    await rename(path, damaged).catch(() => {})
    await rm(damaged, { recursive: true, force: true })
  }
  throw new Error(`${path} is damaged and cannot be replaced; remove it`)
}

async function isComplete(path: string): Promise<boolean> {
  try {
    const manifest: Manifest = JSON.parse(await readFile(join(path, "manifest.json"), "utf8"))
    // Synchronous on purpose: a thousand of these take 4 ms, as promises thirty.
    return Object.entries(manifest).every(([file, size]) => statSync(join(path, "files", file)).size === size)
  } catch {
    return false
  }
}

async function manifestOf(folder: string): Promise<Manifest> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(files.map((file) => [file.slice(folder.length + 1), statSync(file).size]))
}

/** Programs are run from here, and anyone can create a folder in a shared temporary one. */
function refuseIfForeign(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined || process.getuid === undefined) return
  if (stat.isDirectory() && stat.uid === process.getuid() && (stat.mode & 0o022) === 0) return
  throw new Error(`${path} was not made by this user, or others can write to it: remove it, or set TMPDIR`)
}

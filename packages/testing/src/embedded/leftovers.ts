import { createHash } from "node:crypto"
import { lstatSync, readdirSync } from "node:fs"
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { basename, join } from "node:path"
import { endServer, readPidFile } from "./postmaster.ts"
import { alive, commandLineOf, identityOf, processNamespace } from "./processes.ts"
import { removeSharedMemory } from "./shared-memory.ts"

const PREFIX = "kysely-resilient-server"

/** A new folder for one server, named after the process that owns it, so that others can tell when it is a leftover. */
export async function serverFolder(place: string): Promise<string> {
  const owner = [namespaceTag(), process.pid, await identityOf(process.pid)].join("-")
  const folder = await mkdtemp(join(place, `${PREFIX}-${owner}-`))
  // The server's account passes through to its data directory but sees nothing here.
  await chmod(folder, 0o711)
  return folder
}

/** Ends and removes the servers whose owners are gone: the last resort, when not even their watchdog lived on. */
export async function clearLeftovers(place: string): Promise<readonly string[]> {
  const cleared: string[] = []
  for (const name of readdirSync(place)) {
    if (!name.startsWith(`${PREFIX}-${namespaceTag()}-`) || !(await isLeftover(join(place, name)))) continue
    await removeServer(join(place, name))
    cleared.push(join(place, name))
  }
  return cleared
}

/** Ends the server of a folder, if there still is one, and removes the folder. Never throws. */
export async function removeServer(folder: string): Promise<void> {
  const data = join(folder, "data")
  const file = readPidFile(data)
  if (file !== undefined) {
    // A number in a file proves nothing: only a process that was started with this very folder is ended.
    if ((await commandLineOf(file.pid)).includes(data)) await endServer(file.pid).catch(() => {})
    await removeSharedMemory(file)
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }).catch(() => {})
}

async function isLeftover(folder: string): Promise<boolean> {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (stat?.isDirectory() !== true || (process.getuid !== undefined && stat.uid !== process.getuid())) return false
  const [pid, startedAt] = basename(folder).slice(`${PREFIX}-${namespaceTag()}-`.length).split("-")
  return !(alive(Number(pid)) && (await identityOf(Number(pid))) === startedAt)
}

/** Containers may share a folder for temporary files, and in another one our process numbers mean nothing. */
function namespaceTag(): string {
  return createHash("sha256").update(processNamespace()).digest("hex").slice(0, 6)
}

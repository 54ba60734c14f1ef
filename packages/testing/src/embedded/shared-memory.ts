import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { promisify } from "node:util"
import type { PidFile } from "./postmaster.ts"

const run = promisify(execFile)

/**
 * A killed server leaves the 56 bytes of System V shared memory by which PostgreSQL notices a second server on the same
 * data. The next start on that data would remove them; if there is none, nobody does, and a machine has room for 4096.
 * Best effort: only if the system still says that this very server made it and nobody uses it. Never rejects.
 */
export async function removeSharedMemory({ pid, sharedMemoryId }: PidFile): Promise<void> {
  if (sharedMemoryId === undefined || !orphaned(sharedMemoryId, pid)) return
  await run("ipcrm", ["-m", String(sharedMemoryId)]).catch(() => {})
}

/** The columns of Linux's list: key, shmid, perms, size, cpid (who made it), lpid, nattch (how many use it) … */
function orphaned(id: number, madeBy: number): boolean {
  try {
    const segments = readFileSync("/proc/sysvipc/shm", "utf8").split("\n")
    return segments.some((line) => {
      const [, shmid, , , maker, , users] = line.trim().split(/\s+/).map(Number)
      return shmid === id && maker === madeBy && users === 0
    })
  } catch {
    return false
  }
}

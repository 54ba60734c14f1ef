import { readFileSync } from "node:fs"
import { join } from "node:path"
import { alive, childrenOf, gone, signal } from "./processes.ts"

/** How long an immediate shutdown may take before we stop asking: it writes nothing, so a second is already long. */
const IMMEDIATE_MS = 5_000
/** A killed process goes as soon as the kernel lets it; this only bounds a wait for one in uninterruptible I/O. */
const KILLED_MS = 10_000

/** What the server wrote into postmaster.pid: who it is and how far it has come. */
export interface PidFile {
  readonly pid: number
  /** "starting", "ready", "standby", "stopping", or empty while the file is being written. */
  readonly status: string
  /** Of its System V shared memory; undefined where it has none. */
  readonly sharedMemoryId: number | undefined
}

/** The file that pg_ctl reads too: it needs no log line, hence no language and no log settings. */
export function readPidFile(dataDirectory: string): PidFile | undefined {
  try {
    const lines = readFileSync(join(dataDirectory, "postmaster.pid"), "utf8").split("\n")
    const pid = Number(lines[0])
    if (!Number.isInteger(pid) || pid <= 0) return undefined
    const id = Number(lines[6]?.trim().split(/\s+/)[1])
    return { pid, status: lines[7]?.trim() ?? "", sharedMemoryId: Number.isInteger(id) ? id : undefined }
  } catch {
    return undefined
  }
}

/**
 * Ends a server whose data nobody wants any more: first the way that lets it give back its shared memory,
 * then, if it is stopped in its tracks or stuck, the way that always works.
 */
export async function endServer(pid: number): Promise<void> {
  if (!alive(pid)) return
  // Windows has no signals; there the other processes end when their parent is gone.
  if (process.platform === "win32") return killServer(pid)
  for (const one of [pid, ...(await childrenOf(pid))]) signal(one, "SIGCONT")
  signal(pid, "SIGQUIT")
  if (await gone([pid], IMMEDIATE_MS)) return
  await killServer(pid)
}

/**
 * SIGKILL for the server and everything it forked: what a power cut or the kernel's memory killer does.
 * The parent is halted first, so that it forks no new child between our looking and our killing.
 */
export async function killServer(pid: number): Promise<void> {
  if (process.platform !== "win32") signal(pid, "SIGSTOP")
  const family = [...(await childrenOf(pid)), pid]
  for (const one of family) signal(one, "SIGKILL")
  await gone(family, KILLED_MS)
}

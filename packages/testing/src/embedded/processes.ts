import { execFile } from "node:child_process"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { codeOf } from "./error-code.ts"

const run = promisify(execFile)

/** How often we look whether a process is gone: it has no other way to tell someone who is not its parent. */
const LOOK_EVERY_MS = 5

/** Is there such a process, and is it more than a corpse that nobody collected? */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === "EPERM"
  }
  return procStat(pid)?.state !== "Z"
}

/** Signals a process that may already be gone; says whether it was there. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false
    throw error
  }
}

/** Waits until all are gone; false if some are still there after `timeoutMs`. */
export async function gone(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (pids.some(alive)) {
    if (performance.now() > deadline) return false
    await sleep(LOOK_EVERY_MS)
  }
  return true
}

/** Waits until its parent has taken notice of its end, too. */
export async function collected(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (signal(pid, 0)) {
    if (performance.now() > deadline) return false
    await sleep(LOOK_EVERY_MS)
  }
  return true
}

/**
 * What tells a process from a later one with the same number: the moment it started, in the system's own words.
 * "0" where the system does not say.
 */
export async function identityOf(pid: number): Promise<string> {
  const stat = procStat(pid)
  if (stat !== undefined) return stat.startedAt
  if (process.platform === "win32") return "0"
  const { stdout } = await run("ps", ["-o", "lstart=", "-p", String(pid)]).catch(() => ({ stdout: "" }))
  return stdout.replaceAll(/\W/g, "") || "0"
}

/** Process numbers mean something only here: on this host and, in containers, in this process namespace. */
export function processNamespace(): string {
  try {
    return `${hostname()} ${readlinkSync("/proc/self/ns/pid")}`
  } catch {
    return hostname()
  }
}

/** PostgreSQL's backends leave their parent's process group, so only the parent's number finds them. */
export async function childrenOf(parent: number): Promise<readonly number[]> {
  if (process.platform === "linux") {
    const pids = readdirSync("/proc").map(Number).filter(Number.isInteger)
    return pids.filter((pid) => procStat(pid)?.parent === parent)
  }
  if (process.platform === "win32") return []
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid="])
  return stdout.split("\n").flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number)
    return pid !== undefined && ppid === parent ? [pid] : []
  })
}

/** The words a process was started with; empty if it is gone or not ours to look at. */
export async function commandLineOf(pid: number): Promise<string> {
  try {
    if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
    if (process.platform === "win32") return ""
    return (await run("ps", ["-ww", "-o", "command=", "-p", String(pid)])).stdout
  } catch {
    return ""
  }
}

interface ProcStat {
  readonly state: string
  readonly parent: number
  readonly startedAt: string
}

/** Linux's /proc/<pid>/stat; the name in it is in parentheses and may hold anything, so we count from its end. */
function procStat(pid: number): ProcStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    return { state: fields[0] ?? "", parent: Number(fields[1]), startedAt: fields[19] ?? "0" }
  } catch {
    return undefined
  }
}

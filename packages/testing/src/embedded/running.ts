import { spawn, type ChildProcess } from "node:child_process"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Programs } from "./binaries.ts"
import type { LogLines } from "./log-lines.ts"
import { readPidFile } from "./postmaster.ts"
import { asAccount } from "./user.ts"

/** How often we look into postmaster.pid; a start takes 50 ms or more. */
const LOOK_EVERY_MS = 5

/** A server process of ours. */
export interface Running {
  readonly pid: number
  /** Waits until the process is gone, whoever ends it. While somebody waits, our own process stays alive for it. */
  ended(): Promise<void>
}

export type Launched =
  | { readonly ok: true; readonly running: Running }
  | { readonly ok: false; readonly portTaken: boolean; readonly problem: string }

/** Starts the server and waits until it accepts connections. A server that does not get there is ended again. */
export async function launch(options: {
  readonly programs: Programs
  readonly dataDirectory: string
  readonly port: number
  readonly timeoutMs: number
  readonly log: LogLines
  /** For this start only: what its command line says wins over postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
}): Promise<Launched> {
  const { programs, dataDirectory, port, timeoutMs, log, settings = {} } = options
  const said = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  const child = spawn(join(programs.binDir, "postgres"), ["-D", dataDirectory, "-p", String(port), ...said], {
    ...asAccount(programs.account),
    cwd: dataDirectory,
    // Nothing of ours: PGOPTIONS, PGDATA and the like would change the server.
    env: { PATH: process.env["PATH"], SystemRoot: process.env["SystemRoot"], LC_ALL: "C", TZ: "UTC" },
    // Not in our process group: Ctrl-C in a terminal is for us, and we decide about the server.
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    windowsHide: true,
  })
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve())
    child.once("error", () => resolve())
  })
  let failure: string | undefined
  child.once("error", (error) => (failure = error.message))
  const words: string[] = []
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log.push(text)
    if (words.length < 100) words.push(text)
  })
  child.stderr.on("error", () => {})

  const problem = await whenReady(child, dataDirectory, timeoutMs)
  if (problem === undefined && child.pid !== undefined) {
    // A server nobody stops must not keep the process alive; the watchdog ends it.
    child.unref()
    if ("unref" in child.stderr && typeof child.stderr.unref === "function") child.stderr.unref()
    return { ok: true, running: { pid: child.pid, ended: () => (child.ref(), exited) } }
  }
  child.kill("SIGKILL")
  await exited
  const report = words.join("")
  return {
    ok: false,
    portTaken: /could not bind .*(address already in use|permission denied)/i.test(report),
    problem: failure ?? `${problem}:\n${report.trim()}`,
  }
}

async function whenReady(child: ChildProcess, dataDirectory: string, timeoutMs: number): Promise<string | undefined> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) {
      return `the server ended while starting (${child.signalCode ?? `code ${child.exitCode}`})`
    }
    const file = readPidFile(dataDirectory)
    // After a crash the file of the previous life is still there.
    if (file?.pid === child.pid && (file?.status === "ready" || file?.status === "standby")) return undefined
    if (performance.now() > deadline) return `the server was not ready after ${timeoutMs} ms`
    await sleep(LOOK_EVERY_MS)
  }
}

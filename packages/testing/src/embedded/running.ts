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
}): Promise<Launched> {
  const { programs, dataDirectory, port, timeoutMs, log } = options
  const child = spawn(join(programs.binDir, "postgres"), ["-D", dataDirectory, "-p", String(port)], {
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
  const said: string[] = []
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log.push(text)
    if (said.length < 100) said.push(text)
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
  const words = said.join("")
  return {
    ok: false,
    portTaken: /could not bind .*(address already in use|permission denied)/i.test(words),
    problem: failure ?? `${problem}:\n${words.trim()}`,
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

import { spawn } from "node:child_process"
import { chownSync, mkdtempSync, writeFileSync } from "node:fs"
import { createConnection } from "node:net"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"

import { placeFor } from "@kysely-resilient/testing/src/embedded/places.ts"
import { gone, signal } from "@kysely-resilient/testing/src/embedded/processes.ts"
import { accountsToTry, asAccount } from "@kysely-resilient/testing/src/embedded/user.ts"

/** What one PgBouncer process is started with. */
export interface LifeOptions {
  readonly program: string
  readonly port: number
  /** Of its configuration folder, by name; `pgbouncer.ini` among them. */
  readonly filesIn: (folder: string) => Readonly<Record<string, string>>
}

/** One process of PgBouncer, from its start to its end. */
export interface Life {
  readonly pid: number
  /** Sends a signal and waits until the process is gone. */
  end(by: "SIGTERM" | "SIGKILL"): Promise<void>
  logs(): string
}

export type Born = { readonly ok: true; readonly life: Life } | { readonly ok: false; readonly problem: string }

/**
 * PgBouncer is the child of a shell that reads a pipe from us: when the pipe ends, for whatever reason (we closed it,
 * Ctrl-C, SIGKILL), the shell kills it and clears its folder away.
 */
const KEEPER = `
  "$1" "$2/pgbouncer.ini" </dev/null & pid=$!
  echo "pid $pid"
  cat >/dev/null
  kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null
  rm -rf "$2"
`
const START_MS = 10_000
const END_MS = 5_000

export async function beginLife({ program, port, filesIn }: LifeOptions): Promise<Born> {
  // It refuses to run as root.
  const account = accountsToTry(undefined)[0]
  const folder = mkdtempSync(join(placeFor(account, undefined), "kysely-resilient-pgbouncer-"))
  if (account !== undefined) chownSync(folder, account.uid, account.gid)
  for (const [name, content] of Object.entries(filesIn(folder))) {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    if (account !== undefined) chownSync(join(folder, name), account.uid, account.gid)
  }
  const keeper = spawn("sh", ["-c", KEEPER, "keeper", program, folder], {
    ...asAccount(account),
    cwd: folder,
    // Not in our process group: Ctrl-C in a terminal must not reach it before the pipe's end does.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  })
  const ended = new Promise<void>((resolve) => {
    keeper.once("exit", () => resolve())
    keeper.once("error", () => resolve())
  })
  let words = ""
  const hear = (text: string): void => void (words = (words + text).slice(-20_000))
  keeper.stdout.setEncoding("utf8").on("data", hear)
  keeper.stderr.setEncoding("utf8").on("data", hear)
  keeper.stdin.on("error", () => {})
  const letGo = async (): Promise<void> => {
    keeper.stdin.end()
    await ended
  }

  const limitAt = performance.now() + START_MS
  for (;;) {
    const pid = Number(/^pid (\d+)$/m.exec(words)?.[1])
    if (pid > 0 && words.includes("process up") && (await listens(port))) {
      const end = async (by: "SIGTERM" | "SIGKILL"): Promise<void> => {
        signal(pid, by)
        if (!(await gone([pid], END_MS))) signal(pid, "SIGKILL")
        await letGo()
      }
      return { ok: true, life: { pid, end, logs: () => words } }
    }
    const over = /FATAL|cannot listen|is already running/.test(words) || performance.now() > limitAt
    if (over || keeper.exitCode !== null) {
      await letGo()
      return { ok: false, problem: words.trim() }
    }
    await pause(5)
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1")
    const answer = (yes: boolean): void => {
      socket.destroy()
      resolve(yes)
    }
    socket.once("connect", () => answer(true))
    socket.once("error", () => answer(false))
  })
}

import { spawn } from "node:child_process"
import type { Writable } from "node:stream"
import { fileURLToPath } from "node:url"

let watchdog: Writable | undefined

/** From now on this server's folder is cleared away when our process ends, however it ends. */
export function guard(folder: string): void {
  watchdog ??= startWatchdog()
  watchdog.write(`+ ${folder}\n`)
}

/** Whoever stopped the server cleared its folder away. */
export function release(folder: string): void {
  watchdog?.write(`- ${folder}\n`)
}

function startWatchdog(): Writable {
  // From sources it is a .ts file and from the package a .js file, as this one is.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js"
  const program = fileURLToPath(new URL(`./watchdog.${extension}`, import.meta.url))
  const child = spawn(process.execPath, [program], {
    // Its own process group: Ctrl-C in a terminal goes to the whole group of the parent.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    cwd: "/",
    // Not NODE_OPTIONS: loaders and debuggers of the parent are no business of it.
    env: { PATH: process.env["PATH"], SystemRoot: process.env["SystemRoot"], TMPDIR: process.env["TMPDIR"] },
    windowsHide: true,
  })
  const pipe = child.stdin
  // Without a watchdog, leftovers are cleared by the next start; a write to a dead one must not end our process.
  const forget = (): void => {
    if (watchdog === pipe) watchdog = undefined
  }
  child.on("error", forget)
  child.on("exit", forget)
  pipe.on("error", forget)
  child.unref()
  if ("unref" in pipe && typeof pipe.unref === "function") pipe.unref()
  return pipe
}

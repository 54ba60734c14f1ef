import { spawn } from "node:child_process"

export interface Ended {
  /** The exit code; null if it had to be killed. */
  readonly code: number | null
  readonly output: string
  readonly tookMs: number
}

/** Long enough for a slow machine to start Node and do a few queries; a script that hangs is killed then. */
const LIMIT_MS = 20_000

type Environment = Readonly<Record<string, string>>

/**
 * Runs a program of its own, for what cannot be tested inside the test's process: whether it crashes, and whether it
 * ends by itself. Answers how it ended and what it printed.
 */
export function runScript(source: string, env: Environment): Promise<Ended> {
  return runNode(["--input-type=module-typescript", "-e", source], env)
}

/** The same for a program that is in a file. */
export function runFile(path: string, env: Environment): Promise<Ended> {
  return runNode([path], env)
}

function runNode(parameters: readonly string[], env: Environment): Promise<Ended> {
  return new Promise((resolve) => {
    const startedAt = performance.now()
    const child = spawn(process.execPath, parameters, {
      cwd: import.meta.dirname,
      env: { ...process.env, ...env },
      timeout: LIMIT_MS,
    })
    let output = ""
    child.stdout.on("data", (chunk) => (output += String(chunk)))
    child.stderr.on("data", (chunk) => (output += String(chunk)))
    child.on("close", (code) => resolve({ code, output, tookMs: performance.now() - startedAt }))
  })
}

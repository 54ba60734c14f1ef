import { spawn } from "node:child_process"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")

/** A test run of its own, as a user's is: nothing of this run's runner reaches it. */
export async function runTests(
  program: "vitest" | "node",
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:VITEST|NODE_TEST|TEST$|NODE_OPTIONS)/.test(name),
  )
  const env = { ...Object.fromEntries(inherited), NODE_ENV: "test", NO_COLOR: "1", ...environment }
  const path = program === "node" ? process.execPath : join(root, "node_modules/.bin", program)
  const child = spawn(path, parameters, { cwd: root, env, timeout: 90_000 })
  let output = ""
  child.stdout.on("data", (chunk) => (output += String(chunk)))
  child.stderr.on("data", (chunk) => (output += String(chunk)))
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve))
  return { code, output }
}

// Installs what tests need, then the README's test command, then every check, in this checkout; ends with one line "N passed, N failed".
// Plain JavaScript, because it has to run before anything is installed, on Node 20 too.
import { spawn } from "node:child_process"

import { withTools } from "./ci-tools.mjs"

const env = await withTools()

/** Runs a script through pnpm, passing its output on; answers what it printed and whether it succeeded. */
function run(...args) {
  return new Promise((resolve) => {
    const child = spawn("npx", ["-y", "pnpm@12", ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.on("data", (chunk) => {
        output += chunk
        to.write(chunk)
      })
    }
    child.on("close", (code) => resolve({ ok: code === 0, output }))
  })
}

// oxlint-disable-next-line no-control-regex -- colours begin with the escape character
const plain = (text) => text.replaceAll(/\u001b\[[0-9;]*m/g, "")

/** What vitest's summary says. A file whose set-up broke has no failed test, and an unhandled error belongs to none. */
function countTests(output) {
  const text = plain(output)
  const number = (pattern) => Number(text.match(pattern)?.[1] ?? 0)
  return {
    passed: number(/^\s*Tests\s.*?(\d+) passed/m),
    failed: number(/^\s*Tests\s.*?(\d+) failed/m) + number(/Failed Suites (\d+)/) + number(/^\s*Errors\s+(\d+) error/m),
  }
}

function countChecks(output) {
  const found = plain(output).match(/^(\d+) passed, (\d+) failed$/m)
  return { passed: Number(found?.[1] ?? 0), failed: Number(found?.[2] ?? 0) }
}

const test = await run("test")
const tests = countTests(test.output)
const check = await run("check")
const checks = countChecks(check.output)
const passed = tests.passed + checks.passed
// The exit codes have the last word: what failed in a way that nobody has counted has failed all the same.
const failed = Math.max(tests.failed, test.ok ? 0 : 1) + Math.max(checks.failed, check.ok ? 0 : 1)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && tests.passed > 0 ? 0 : 1

// The README's test command, then every check, in this checkout; ends with one line "N passed, N failed".
// Plain JavaScript, because it has to run before anything is installed, on Node 20 too.
import { spawn } from "node:child_process"

/** Runs a script through pnpm, passing its output on; answers what it printed and whether it succeeded. */
function run(...args) {
  return new Promise((resolve) => {
    const child = spawn("npx", ["-y", "pnpm@12", ...args], { stdio: ["ignore", "pipe", "inherit"] })
    let output = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
      process.stdout.write(chunk)
    })
    child.on("close", (code) => resolve({ ok: code === 0, output }))
  })
}

// eslint-disable-next-line no-control-regex
const plain = (text) => text.replaceAll(/\u001b\[[0-9;]*m/g, "")

function countTests(output) {
  const line = plain(output).match(/^\s*Tests\s+(.*)$/m)?.[1] ?? ""
  const number = (word) => Number(line.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0)
  return { passed: number("passed"), failed: number("failed") }
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
// A run that failed without a failed test (a set-up that broke, an unhandled error) has failed all the same.
const failed = Math.max(tests.failed, test.ok ? 0 : 1) + Math.max(checks.failed, check.ok ? 0 : 1)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && tests.passed > 0 ? 0 : 1

import { spawn } from "node:child_process"
import { once } from "node:events"

import { describe, expect, it } from "vitest"

/** Seconds of play, a server of its own before that, and full recovery after it, on a machine that does other things. */
const LIMIT_MS = 120_000

async function drill(...flags: string[]) {
  const child = spawn(process.execPath, ["packages/cli/src/bin.ts", "drill", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  const said = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text))
  await once(child, "close")
  return { code: child.exitCode, ...said }
}

const HELD = {
  lost: 0,
  duplicated: 0,
  phantoms: 0,
  torn: 0,
  wrong: 0,
  hung: 0,
  unhandled: 0,
  leakedConnections: 0,
  openTransactions: 0,
  surfaced: { avoidable: 0 },
}

describe("kysely-resilient drill", () => {
  it.each(["marker", "xid"])(
    "holds for a few seconds with resolution by %s",
    { timeout: LIMIT_MS },
    async (resolution) => {
      const { code, stdout, stderr } = await drill(
        "--seconds",
        "5",
        "--seed",
        "11",
        "--resolution",
        resolution,
        "--json",
      )
      expect(stderr).toBe("")
      const summary = JSON.parse(stdout)
      expect(summary, stdout).toMatchObject({ ok: true, seed: 11, resolution, ...HELD })
      expect(summary.operations).toBeGreaterThan(20)
      expect(code).toBe(0)
    },
  )
})

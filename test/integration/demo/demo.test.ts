import { spawn } from "node:child_process"
import { once } from "node:events"
import { connect } from "node:net"
import { describe, expect, it } from "vitest"

/** Ten seconds of play, on a machine that does other things at the same time. */
const LIMIT_MS = 120_000

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  /** Resolves once the standard output has matched. */
  readonly said: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly interrupt: () => void
  readonly ended: Promise<Ended>
}

function demo(...flags: string[]): Running {
  const child = spawn(process.execPath, ["examples/demo/main.ts", ...flags], { stdio: ["ignore", "pipe", "pipe"] })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  return {
    ended: once(child, "close").then(() => ({ code: child.exitCode, stdout, stderr })),
    interrupt: () => void child.kill("SIGINT"),
    said: async (pattern) => {
      for (;;) {
        const found = pattern.exec(stdout)
        if (found !== null) return found
        if (child.exitCode !== null) throw new Error(`it ended without saying ${pattern}:\n${stdout}\n${stderr}`)
        await Promise.race([once(child.stdout, "data"), once(child, "close")])
      }
    },
  }
}

/** What the system answers to somebody who connects there. */
function answerAt(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => (socket.destroy(), resolve("connected")))
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

describe("pnpm demo", () => {
  it("plays every fault, loses and doubles nothing, and says so in its last line", { timeout: LIMIT_MS }, async () => {
    const { code, stdout, stderr } = await demo("--seconds", "10", "--seed", "4711", "--json").ended
    const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")
    expect(summary).toMatchObject({
      ok: true,
      seed: 4711,
      surfaced: { avoidable: 0 },
      lost: 0,
      duplicated: 0,
      phantom: 0,
      unanswered: 0,
      unhandled: 0,
      leaked: 0,
      failed: [],
    })
    expect(summary.operations).toBeGreaterThan(100)
    expect(summary.faults).toHaveLength(10)
    for (const fault of summary.faults) {
      expect(fault).toMatchObject({ hits: expect.any(Number), recoveryMs: expect.any(Number) })
      expect(fault.hits).toBeGreaterThanOrEqual(1)
      expect(fault.affected).toBeGreaterThanOrEqual(1)
    }
    expect(stderr).toBe("")
    expect(code).toBe(0)
  })

  it("stops at Ctrl-C in the middle of the play, and leaves no server behind", { timeout: LIMIT_MS }, async () => {
    const running = demo("--seconds", "60", "--seed", "1")
    const [, port] = await running.said(/127\.0\.0\.1:(\d+)/)
    await running.said(/operations/)
    expect(await answerAt(Number(port))).toBe("connected")
    running.interrupt()
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(stderr).toBe("")
    expect(await answerAt(Number(port))).toBe("ECONNREFUSED")
  })

  it("serves the application with --serve at once, can be hurt there, and goes on", { timeout: LIMIT_MS }, async () => {
    const running = demo("--seed", "2", "--serve")
    const [page] = await running.said(/http:\/\/127\.0\.0\.1:\d+\//)
    const report = async (): Promise<Report> =>
      JSON.parse(await (await fetch(new URL("/api/database-resilience", page))).text())
    const metrics = async () => (await report()).resilience.metrics

    const html = await (await fetch(page)).text()
    expect(html).toContain("<title>Database</title>")
    expect(await (await fetch(new URL("/metrics", page))).text()).toContain("kysely_resilient_queries_total")
    await expect
      .poll(metrics, { timeout: 20_000 })
      .toMatchObject({ failed_queries: 0, total_queries: expect.any(Number) })
    const origin = new URL(page).origin
    const action = new URL("/api/database-resilience/actions/kill-backend", page)
    expect((await fetch(action, { method: "POST" })).status).toBe(403)
    expect((await fetch(action, { method: "POST", headers: { origin } })).status).toBe(202)
    await expect.poll(async () => (await metrics()).reconnections, { timeout: 20_000 }).toBeGreaterThan(0)
    const before = (await metrics()).total_queries
    await expect.poll(async () => (await metrics()).total_queries, { timeout: 20_000 }).toBeGreaterThan(before)
    expect((await report()).resilience.pool_size).toBe(10)

    running.interrupt()
    const { code, stderr } = await running.ended
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" })
    await expect(fetch(page)).rejects.toThrow("fetch failed")
  })

  it("refuses a flag it does not know with one line", async () => {
    const { code, stdout, stderr } = await demo("--sceonds", "10").ended
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: "demo: Unknown option '--sceonds'. Try --help.\n",
    })
  })
})

interface Report {
  readonly resilience: {
    readonly metrics: {
      readonly total_queries: number
      readonly failed_queries: number
      readonly reconnections: number
    }
    readonly pool_size: number
  }
}

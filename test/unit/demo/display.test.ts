import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

import { Display, type Screen } from "../../../examples/demo/display.ts"
import type { View } from "../../../examples/demo/view.ts"

const view: View = {
  seed: 1,
  seconds: 30,
  elapsedMs: 1_000,
  doing: "playing",
  counts: [{ name: "reads", finished: 1 }],
  history: [1],
  perSecond: 1,
  total: {
    operations: 1,
    affected: 0,
    retried: 0,
    resolved: 0,
    surfaced: { needed: 0, avoidable: 0 },
    unknown: 0,
  },
  faults: [],
}

class RecordingScreen implements Screen {
  readonly isTTY: boolean
  readonly columns: number
  readonly rows = 40
  written = ""

  constructor(isTTY: boolean, columns: number) {
    this.isTTY = isTTY
    this.columns = columns
  }

  write(text: string): void {
    this.written += text
  }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe("Display", () => {
  it("redraws in place on a terminal, and gives the cursor back below the last frame", () => {
    const screen = new RecordingScreen(true, 100)
    const display = new Display(screen, () => view)
    const first = screen.written
    const lines = first.split("\n").length - 1
    expect(first.startsWith("\u001B[?25l")).toBe(true)

    screen.written = ""
    vi.advanceTimersByTime(150)
    expect(screen.written.startsWith(`\u001B[${lines}A`)).toBe(true)
    expect(screen.written.split("\n").length - 1).toBe(lines)

    screen.written = ""
    display[Symbol.dispose]()
    expect(screen.written.endsWith("\n\u001B[?25h")).toBe(true)
    vi.advanceTimersByTime(10_000)
    expect(screen.written.split("\u001B[?25h")[1]).toBe("")
  })

  it.each([
    ["not a terminal", false, 100],
    ["too narrow", true, 60],
  ])("writes a plain line every few seconds where the screen is %s", (_, isTTY, columns) => {
    const screen = new RecordingScreen(isTTY, columns)
    const display = new Display(screen, () => view)
    expect(screen.written).toBe("")
    vi.advanceTimersByTime(9_100)
    expect(screen.written.split("\n").filter((text) => text !== "")).toHaveLength(3)
    expect(screen.written).not.toContain("\u001B")
    display[Symbol.dispose]()
  })
})

/** How often is looked. Not at every turn of the loop: that would keep it busy, and the CPU time would be the time. Milliseconds. */
const TICK_MS = 2

/** The longest time during which the event loop did nothing else, in milliseconds, while `work` ran. */
export async function longestStall(
  work: () => Promise<void>,
): Promise<{ readonly totalMs: number; readonly stallMs: number }> {
  let last = performance.now()
  let stallMs = 0
  let running = true
  const tick = (): void => {
    const now = performance.now()
    stallMs = Math.max(stallMs, now - last - TICK_MS)
    last = now
    if (running) setTimeout(tick, TICK_MS)
  }
  setTimeout(tick, TICK_MS)
  const startedAt = performance.now()
  await work()
  const totalMs = performance.now() - startedAt
  running = false
  // What was still unmeasured when the work ended.
  stallMs = Math.max(stallMs, performance.now() - last)
  return { totalMs, stallMs }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

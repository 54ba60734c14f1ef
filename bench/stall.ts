/** The longest time during which the event loop did nothing else, in milliseconds, while `work` ran. */
export async function longestStall(
  work: () => Promise<void>,
): Promise<{ readonly totalMs: number; readonly stallMs: number }> {
  let last = performance.now()
  let stallMs = 0
  let running = true
  const tick = (): void => {
    const now = performance.now()
    stallMs = Math.max(stallMs, now - last)
    last = now
    if (running) setImmediate(tick)
  }
  setImmediate(tick)
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

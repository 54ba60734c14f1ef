const BARS = "▁▂▃▄▅▆▇█"

/** The last numbers as bars, the highest the tallest; nothing stands for what is not known. */
export function sparkline(numbers: readonly number[], width: number): string {
  const shown = numbers.slice(-width)
  const most = Math.max(...shown, 0)
  const bars = shown.map((number) => (most === 0 ? BARS[0] : BARS[Math.round((number / most) * (BARS.length - 1))]))
  return bars.join("").padStart(width)
}

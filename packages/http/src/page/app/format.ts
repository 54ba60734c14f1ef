/** The names that the field uses, and what they mean. */
export const PERCENTILES: Readonly<Record<string, string>> = {
  p50: "The median: half of the statements took this long at most",
  p95: "95 of 100 statements took this long at most",
  p99: "99 of 100 statements took this long at most",
}

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 })

/** 12345 → "12,345" */
export function count(value: number): string {
  return whole.format(value)
}

/** 1234567 → "1.2M"; up to 9,999 as it is. */
export function shortCount(value: number): string {
  return value < 10_000 ? whole.format(value) : compact.format(value)
}

/** 0.00043 → "0.4 ms", 0.431 → "431 ms", 2.13 → "2.1 s", 200 → "3 min 20 s" */
export function duration(seconds: number): string {
  if (seconds < 0.01) return `${short(Math.max(0, seconds) * 1_000)} ms`
  if (seconds < 0.9995) return `${(seconds * 1_000).toFixed(0)} ms`
  if (seconds < 59.95) return `${short(seconds)} s`
  const rounded = Math.round(seconds)
  const minutes = Math.floor(rounded / 60)
  if (minutes < 60) return `${minutes} min${rest(rounded % 60, "s")}`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h${rest(minutes % 60, "min")}` : `${Math.floor(hours / 24)} d${rest(hours % 24, "h")}`
}

function short(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "")
}

function rest(value: number, unit: string): string {
  return Math.floor(value) === 0 ? "" : ` ${Math.floor(value)} ${unit}`
}

/** "99.4 %"; never 100 for what is less. */
export function percent(ratio: number): string {
  const value = ratio * 100
  if (value >= 99.995 || value <= 0) return `${value.toFixed(0)} %`
  if (value > 99) return `${(Math.floor(value * 100) / 100).toFixed(2)} %`
  return `${value.toFixed(value < 1 ? 2 : 1)} %`
}

/** "14:03:09", where the reader is. */
export function clockTime(ms: number): string {
  const at = new Date(ms)
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":")
}

/** "UTC+1", "UTC-3:30": of the reader, at that moment. */
export function zone(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset()
  const beyond = Math.abs(minutes) % 60
  return `UTC${minutes < 0 ? "-" : "+"}${Math.floor(Math.abs(minutes) / 60)}${beyond === 0 ? "" : `:${String(beyond).padStart(2, "0")}`}`
}

/** "2026-03-01 14:03:09 UTC+1", where the reader is. */
export function fullTime(ms: number): string {
  const at = new Date(ms)
  const date = [at.getFullYear(), at.getMonth() + 1, at.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-")
  return `${date} ${clockTime(ms)} ${zone(ms)}`
}

/** 5242880 → "5 MB" */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"]
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(value) / Math.log(1_024)))
  const scaled = value / 1_024 ** power
  return `${scaled >= 10 || power === 0 ? scaled.toFixed(0) : scaled.toFixed(1)} ${units[power]}`
}

/** "1 operation", "7 operations" */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** "1 note", "2 notes", "1,523 statements". */
export function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`
}

/** Milliseconds for people: "0.4 ms", "87 ms", "2.1 s". */
export function milliseconds(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`
}

const UNITS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
] as const

/** A span for people: "12 s", "3 min 12 s", "2 h 5 min", "4 d 2 h". */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  for (const [index, [size, unit]] of UNITS.entries()) {
    if (whole < size) continue
    const [below, name] = UNITS[index + 1] ?? [1, "s"]
    const rest = Math.floor((whole % size) / below)
    return `${Math.floor(whole / size)} ${unit}${rest === 0 ? "" : ` ${rest} ${name}`}`
  }
  return `${whole} s`
}

// What a terminal would do something with: C0 but tab and newline, DEL, C1; and what turns the direction of a text around.
// oxlint-disable-next-line no-control-regex -- They are what is looked for.
const UNPRINTABLE = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g

/** Names and messages are somebody else's: in a terminal they are text, whatever is in them. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, "\uFFFD")
}

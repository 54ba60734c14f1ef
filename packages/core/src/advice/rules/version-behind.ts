import type { ServerRule } from "../examined.ts"

/** When each major version came out. */
const RELEASED: ReadonlyMap<number, string> = new Map([
  [14, "2021-09-30"],
  [15, "2022-10-13"],
  [16, "2023-09-14"],
  [17, "2024-09-26"],
  [18, "2025-09-25"],
])

/** Minor versions come out on the second Thursday of these months, and now and then in between. */
const MONTHS = [1, 4, 7, 10]

/** Packages need a while. */
const GRACE_MS = 30 * 86_400_000

export const versionBehind: ServerRule = {
  code: "VERSION_BEHIND",
  when: "minor versions have come out since this one, by the project's calendar: one is worth knowing, from the third on it is a warning",
  why: "They mend holes, crashes and corruption, and need no more than a restart.",
  find({ server, at }) {
    const released = RELEASED.get(Math.floor(server.versionNumber / 10_000))
    if (released === undefined) return undefined
    const minor = server.versionNumber % 10_000
    const least = minorsBetween(Date.parse(released), at - GRACE_MS)
    const behind = least - minor
    if (behind <= 0) return undefined
    return {
      severity: behind > 2 ? "warning" : "info",
      message: `PostgreSQL ${server.version}: at least ${behind} newer minor version${behind === 1 ? " has" : "s have"} come out`,
      action: "Install the newest minor version and restart; the data stays as it is",
      evidence: { version: server.version, minor, newest_minor_at_least: least },
    }
  },
}

/** How many of the calendar's days lie between; a version that came out in between only makes it more. */
function minorsBetween(from: number, to: number): number {
  let count = 0
  for (let year = new Date(from).getUTCFullYear(); year <= new Date(to).getUTCFullYear(); year += 1) {
    for (const month of MONTHS) {
      const day = secondThursday(year, month)
      if (day > from && day <= to) count += 1
    }
  }
  return count
}

function secondThursday(year: number, month: number): number {
  const first = new Date(Date.UTC(year, month, 1)).getUTCDay()
  return Date.UTC(year, month, 1 + ((4 - first + 7) % 7) + 7)
}

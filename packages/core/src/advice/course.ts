import { adviceOf, type Advice, type AdviceSeverity, type Finding } from "./advice.ts"

/** What stands, and since when; times are of the clock that only goes forward. */
export interface Standing {
  readonly code: string
  readonly finding: Finding
  readonly since: number
  /** When it was last found as bad as it is told. */
  readonly foundAt: number
}

export interface Found {
  readonly code: string
  readonly finding: Finding
}

const RANK: Readonly<Record<AdviceSeverity, number>> = { info: 0, warning: 1, critical: 2 }

/**
 *   silent ──found──▶ standing ──not found, lasting──▶ silent
 *
 * As with health, worse is believed at once and better only when it has lasted `holdMs`: what flickers at a threshold is told once.
 */
export function nextStandings(
  before: readonly Standing[],
  found: readonly Found[],
  now: number,
  holdMs: number,
): readonly Standing[] {
  const held = (standing: Standing): boolean => now - standing.foundAt < holdMs
  const known = new Map(before.map((standing) => [standing.code, standing]))
  const standing = found.map(({ code, finding }): Standing => {
    const old = known.get(code)
    if (old === undefined) return { code, finding, since: now, foundAt: now }
    const milder = RANK[finding.severity] < RANK[old.finding.severity]
    if (!milder || !held(old)) return { ...old, finding, foundAt: now }
    return { ...old, finding: { ...finding, severity: old.finding.severity } }
  })
  const gone = before.filter((old) => held(old) && !found.some(({ code }) => code === old.code))
  return [...standing, ...gone]
}

/** @param epochOf the moment on the clock that only goes forward, in milliseconds since the epoch */
export function told(standings: readonly Standing[], epochOf: (at: number) => number): readonly Advice[] {
  return standings.map(({ code, finding, since }) => adviceOf(code, finding, Math.round(epochOf(since))))
}

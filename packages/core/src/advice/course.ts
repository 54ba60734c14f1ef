import { adviceOf, type Advice, type AdviceSeverity, type Finding } from "./advice.ts"

/** What stands, and since when. */
export interface Standing {
  readonly code: string
  readonly finding: Finding
  /** Milliseconds since the epoch. */
  readonly since: number
  /** When it was last found as bad as it is told, on the clock that only goes forward. */
  readonly foundAt: number
  /** It is no longer found, and told a while longer: it may come back. */
  readonly passed?: true
}

/** The same moment on both clocks. */
export interface Moment {
  readonly now: number
  readonly wallTime: number
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
  { now, wallTime }: Moment,
  holdMs: number,
): readonly Standing[] {
  const held = (standing: Standing): boolean => now - standing.foundAt < holdMs
  const known = new Map(before.map((standing) => [standing.code, standing]))
  const standing = found.map(({ code, finding }): Standing => {
    const old = known.get(code)
    if (old === undefined) return { code, finding, since: wallTime, foundAt: now }
    const milder = RANK[finding.severity] < RANK[old.finding.severity]
    const { since, foundAt } = old
    if (!milder || !held(old)) return { code, finding, since, foundAt: now }
    return { code, finding: { ...finding, severity: old.finding.severity }, since, foundAt }
  })
  const gone = before.filter((old) => held(old) && !found.some(({ code }) => code === old.code))
  return [...standing, ...gone.map((old) => ({ ...old, passed: true as const }))]
}

export function told(standings: readonly Standing[]): readonly Advice[] {
  return standings.map(({ code, finding, since, passed }) => {
    const advice = adviceOf(code, finding, since)
    return passed === true ? { ...advice, message: finding.was ?? finding.message, passed } : advice
  })
}

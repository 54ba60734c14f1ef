import { DOCS } from "../foundation/docs.ts"

export type AdviceSeverity = "info" | "warning" | "critical"

/** Numbers and names that a piece of advice stands on, as JSON; the unit is in the name of every number. */
export type Evidence = Readonly<Record<string, EvidenceValue>>

export type EvidenceValue =
  | string
  | number
  | boolean
  | null
  | readonly EvidenceValue[]
  | { readonly [name: string]: EvidenceValue }

/** What a person should know, and what to do about it. */
export interface Advice {
  /** `critical`: callers suffer, or data is at risk. `warning`: they will, on a bad day. `info`: it could be better. */
  readonly severity: AdviceSeverity
  /** `HIGH_RECONNECTIONS` and the like: one for each rule, and it stays the same. */
  readonly code: string
  /** What is so, with the numbers. */
  readonly message: string
  readonly action: string
  /** Does what `action` says, where SQL can. Read it before it is run. */
  readonly sql?: string
  /** The section about this code, in a page of the package core, from the application's folder. */
  readonly docs: string
  readonly evidence: Evidence
  /** Since when it is so, as far as is known; milliseconds since the epoch. */
  readonly since: number
  /** It is so no longer, for some seconds: `message` says how it was, in the past tense. */
  readonly passed?: true
}

/** What a rule found: advice without what every piece of it has. */
export interface Finding extends Pick<Advice, "severity" | "message" | "action" | "evidence"> {
  readonly sql?: string | undefined
  /** The message once it is so no longer, where that speaks of the present. */
  readonly was?: string
}

export function adviceOf(code: string, finding: Finding, since: number): Advice {
  const { severity, message, action, sql, evidence } = finding
  const docs = `${DOCS}/advice.md#${code.toLowerCase()}`
  return { severity, code, message, action, ...(sql !== undefined && { sql }), docs, evidence, since }
}

const RANK: Readonly<Record<AdviceSeverity, number>> = { critical: 0, warning: 1, info: 2 }

/** What matters most comes first; of the same severity, in the order of the rules. */
export function worstFirst(advice: readonly Advice[]): readonly Advice[] {
  return advice.toSorted((one, other) => RANK[one.severity] - RANK[other.severity])
}

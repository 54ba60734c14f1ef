import type { Claim } from "../postgres/claim.ts"

/** What a token stands for: something that can be asked for. */
export type AskableClaim = Exclude<Claim, { readonly by: "nothing" }>

const PREFIX = "kr1."

/**
 * A claim as a text that can be kept and sent, for `resolve(token)`: later, or in another process. It names servers by number
 * and transactions by number; it holds no data and no credentials.
 *
 * @param issuedAt milliseconds since the epoch
 */
export function tokenOf(claim: AskableClaim, issuedAt: number): string {
  return PREFIX + Buffer.from(JSON.stringify({ ...claim, issuedAt })).toString("base64url")
}

export interface TokenContent {
  readonly claim: AskableClaim
  readonly issuedAt: number
}

/** Undefined for what is no token of ours; what is put into SQL from it is checked here, character by character. */
export function readToken(token: unknown): TokenContent | undefined {
  if (typeof token !== "string" || !token.startsWith(PREFIX)) return undefined
  let content: unknown
  try {
    content = JSON.parse(Buffer.from(token.slice(PREFIX.length), "base64url").toString("utf8"))
  } catch {
    return undefined
  }
  if (!isRecord(content) || typeof content.issuedAt !== "number") return undefined
  const claim = content.by === "xid" ? xidClaim(content) : content.by === "marker" ? markerClaim(content) : undefined
  return claim === undefined ? undefined : { claim, issuedAt: content.issuedAt }
}

function xidClaim({ xid, life }: Record<string, unknown>): AskableClaim | undefined {
  if (!matches(xid, /^\d{1,20}$/) || !isRecord(life)) return undefined
  const { systemId, timeline, startedAt, resetAt } = life
  if (!matches(systemId, /^-?\d{1,20}$/) || !matches(startedAt, NUMBER)) return undefined
  if (timeline !== undefined && !matches(timeline, TIMELINE)) return undefined
  if (!Array.isArray(resetAt)) return undefined
  const [one, other]: unknown[] = resetAt
  if (!matches(one, NUMBER_OR_NONE) || !matches(other, NUMBER_OR_NONE)) return undefined
  return { by: "xid", xid, life: { systemId, timeline, startedAt, resetAt: [one, other] } }
}

function markerClaim({ id, systemId, timeline, backend }: Record<string, unknown>): AskableClaim | undefined {
  if (!matches(id, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/) || !matches(systemId, /^-?\d{1,20}$/)) return undefined
  if (timeline !== undefined && !matches(timeline, TIMELINE)) return undefined
  if (backend === undefined) return { by: "marker", id, systemId, timeline, backend }
  if (!isRecord(backend)) return undefined
  const { processId, startedAt } = backend
  if (!Number.isSafeInteger(processId) || !matches(startedAt, NUMBER)) return undefined
  return { by: "marker", id, systemId, timeline, backend: { processId: Number(processId), startedAt } }
}

const TIMELINE = /^[\dA-F]{8}$/
const NUMBER = /^\d+(\.\d+)?$/
const NUMBER_OR_NONE = /^(\d+(\.\d+)?)?$/

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

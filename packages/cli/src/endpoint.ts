import type { ResilienceReport } from "@kysely-resilient/core"

import type { Address } from "./address.ts"

export type Endpoint = Extract<Address, { readonly at: "endpoint" }>

/**
 * What was answered: everything; to strangers the status alone; nothing, for nobody is there; or something else, for it was asked in the
 * wrong way or place.
 */
export type Answered =
  | { readonly what: "report"; readonly report: ResilienceReport }
  | { readonly what: "status"; readonly status: string }
  | { readonly what: "unreachable"; readonly why: string }
  | { readonly what: "misunderstood"; readonly why: string }

const ANSWER_MS = 10_000

/** Asks an endpoint of @kysely-resilient/http for its report. Never rejects. */
export async function askEndpoint(endpoint: Endpoint, signal?: AbortSignal): Promise<Answered> {
  const limit = AbortSignal.timeout(ANSWER_MS)
  try {
    const response = await fetch(endpoint.url, {
      headers: { accept: "application/json", ...authorization(endpoint) },
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    })
    const body: unknown = await response.json().catch(() => undefined)
    return answeredBy(endpoint, response.status, body)
  } catch (error) {
    return {
      what: "unreachable",
      why: `${endpoint.url.origin} ${limit.aborted ? `did not answer within ${ANSWER_MS / 1_000} s` : reasonOf(error)}`,
    }
  }
}

export function authorization({ token }: Endpoint): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

function answeredBy(endpoint: Endpoint, httpStatus: number, body: unknown): Answered {
  if (isReport(body)) return { what: "report", report: body }
  if (typeof body === "object" && body !== null && "status" in body && typeof body.status === "string") {
    return { what: "status", status: body.status }
  }
  const { href } = endpoint.url
  if (httpStatus === 401 || httpStatus === 403) return { what: "misunderstood", why: `${href} wants another token` }
  // Of a proxy whose application is away.
  if (httpStatus >= 500) return { what: "unreachable", why: `${href} answered ${httpStatus}` }
  return {
    what: "misunderstood",
    why: `${href} answered ${httpStatus}, which is no report: is it the address of the endpoint?`,
  }
}

function isReport(body: unknown): body is ResilienceReport {
  return (
    typeof body === "object" &&
    body !== null &&
    "resilience" in body &&
    typeof body.resilience === "object" &&
    "schema_version" in body &&
    "pool" in body
  )
}

/** fetch says "fetch failed", and why in its cause. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") {
    return cause.code === "ECONNREFUSED"
      ? "does not answer: nobody listens there (ECONNREFUSED)"
      : `cannot be reached (${cause.code})`
  }
  return `cannot be reached (${cause instanceof Error ? cause.message : String(cause)})`
}

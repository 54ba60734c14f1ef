import type { DatabaseError } from "./database-error.ts"
import type { Category } from "./error-base.ts"

/** What an HTTP API answers instead of what it was asked for: the members of RFC 9457's `application/problem+json`, and ours. */
export interface Problem {
  /** The name of the kind, as a URI; it leads nowhere. */
  readonly type: string
  /** The same for every error of the kind. */
  readonly title: string
  readonly status: number
  /** For whoever called the API: no names of tables or constraints, no SQL, no value. */
  readonly detail: string
  /** This occurrence, if its id was given: `urn:uuid:…`. */
  readonly instance?: string
  readonly kind: DatabaseError["kind"]
  readonly category: Category
  /** Seconds, for the header `Retry-After` too; there if the same request may succeed then. */
  readonly retryAfter?: number
  /** By field, what is wrong with it; see `fieldErrors`. */
  readonly errors?: Readonly<Record<string, string>>
}

export interface ProblemOptions {
  /** `urn:uuid:<request id>`, or a path. */
  readonly instance?: string
  /** What a form shows beside its fields. */
  readonly errors?: Readonly<Record<string, string>>
}

/**
 * An error as `application/problem+json` (RFC 9457): the status by what the caller of an API can do about it. It quotes nothing of
 * the database, so it may be sent to anybody.
 *
 * ```ts
 * const problem = toProblem(error)
 * response.writeHead(problem.status, { "content-type": "application/problem+json" }).end(JSON.stringify(problem))
 * ```
 */
export function toProblem(error: DatabaseError, options: ProblemOptions = {}): Problem {
  const status = statusOf(error)
  const { instance, errors } = options
  const retryAfter = status === 503 ? Math.max(1, Math.ceil((error.retryAfterMs ?? 0) / 1_000)) : undefined
  return {
    // An address that leads nowhere would be looked for beside the API's own; this one names the kind, and stays.
    type: `urn:problem-type:kysely-resilient:${error.kind}`,
    title: titleOf(error.kind),
    status,
    detail: error.effect === "unknown" ? DOUBTFUL : DETAILS[status],
    ...(instance !== undefined && { instance }),
    kind: error.kind,
    category: error.category,
    ...(retryAfter !== undefined && { retryAfter }),
    ...(errors !== undefined && { errors }),
  }
}

type Status = 404 | 409 | 422 | 499 | 500 | 503 | 504

/** 499: the caller has gone, and nobody reads the answer; it is for the log. */
const BY_CATEGORY: Readonly<Record<Category, Status>> = {
  constraint: 422,
  conflict: 503,
  limit: 503,
  availability: 503,
  request: 500,
  result: 500,
  bug: 500,
}

const BY_KIND: Partial<Readonly<Record<DatabaseError["kind"], Status>>> = {
  unique_violation: 409,
  exclusion_violation: 409,
  data_exception: 422,
  encode_failed: 422,
  no_row: 404,
  statement_timeout: 504,
  deadline_exceeded: 504,
  transaction_timeout: 504,
  idle_in_transaction_timeout: 504,
  aborted: 499,
  authentication_failed: 500,
  replication_unconfirmed: 500,
}

/** What may have been done must not be repeated without a look: no 503, which invites to that. */
function statusOf({ kind, category, effect }: DatabaseError): Status {
  const status = BY_KIND[kind] ?? BY_CATEGORY[category]
  return effect !== "not_applied" && status === 503 ? 500 : status
}

const DETAILS: Readonly<Record<Status, string>> = {
  404: "There is no such thing.",
  409: "This is in conflict with something that exists already. Nothing was changed.",
  422: "A value is not allowed here. Nothing was changed.",
  499: "The request was given up by its caller.",
  500: "Something went wrong on our side.",
  503: "This cannot be done at the moment. Nothing was changed; try again later.",
  504: "This took too long and was given up.",
}

const DOUBTFUL = "It is not known whether this was done. Look before you try again."

/** `unique_violation` → "Unique violation". */
function titleOf(kind: string): string {
  const words = kind.replaceAll("_", " ")
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

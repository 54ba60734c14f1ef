// The subpath `@kysely-resilient/core/policy-check`: proves on a live database that types do not lie. For tests, not for production.
export { assertPolicy, checkPolicy, PolicyAssertionError } from "./check-policy.ts"
export type { PolicyCheckOptions, PolicyMismatch, PolicyReport } from "./check-policy.ts"

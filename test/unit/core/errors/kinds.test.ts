import { categoryOf } from "@kysely-resilient/core/src/errors/categories.ts"
import { docsOf } from "@kysely-resilient/core/src/errors/docs.ts"
import type { ErrorKind } from "@kysely-resilient/core/src/errors/redaction.ts"
import { REMEDIES } from "@kysely-resilient/core/src/errors/remedies.ts"
import { describe, expect, it } from "vitest"

/**
 * What programs switch over. A line may be added (a minor release); one that is taken away or moved breaks them (a major one). Do
 * not "correct" this list.
 */
const STABLE = {
  constraint:
    "unique_violation foreign_key_violation check_violation not_null_violation exclusion_violation integrity_constraint_violation",
  conflict:
    "serialization_failure deadlock_detected lock_not_available object_in_use transaction_aborted cached_plan_changed",
  limit:
    "statement_timeout lock_timeout query_canceled transaction_timeout idle_in_transaction_timeout deadline_exceeded aborted pool_timeout pool_full pool_deadlock",
  availability:
    "connection_failed server_shutdown server_starting server_crashed too_many_connections resource_exhausted pooler_unavailable pool_closed circuit_open replication_unconfirmed prepared_statement_missing prepared_statement_exists",
  request:
    "data_exception insufficient_privilege authentication_failed read_only_transaction invalid_statement invalid_transaction_state raised_exception encode_failed refused configuration cursor_missing",
  result: "decode_failed no_row too_many_rows",
  bug: "protocol_violation data_corrupted server_error client_error callback_threw schema_drift",
}

const kinds = Object.keys(REMEDIES) as ErrorKind[]

describe("the kinds of errors", () => {
  it.each(Object.entries(STABLE))("of category %s are still there", (category, names) => {
    for (const name of names.split(" ")) {
      expect(kinds).toContain(name)
      expect(categoryOf(name as ErrorKind)).toBe(category)
    }
  })

  it("are all in the list above: a new one is written there too", () => {
    expect(Object.values(STABLE).join(" ").split(" ").toSorted()).toEqual(kinds.toSorted())
  })

  it("have no category that programs do not know", () => {
    expect(new Set(kinds.map(categoryOf))).toEqual(new Set(Object.keys(STABLE)))
  })

  it("each have a place to read about it, and a thing to do", () => {
    expect(new Set(kinds.map(docsOf)).size).toBe(kinds.length)
    for (const kind of kinds) {
      expect(docsOf(kind)).toMatch(/\/docs\/errors\.md#[a-z_]+$/)
      expect(REMEDIES[kind]).toMatch(/^[A-Z].{5,}/)
      expect(REMEDIES[kind]).not.toMatch(/^The same/)
    }
  })
})

import { isHarmless, reachesBeyondReadOnly } from "@kysely-resilient/driver/src/postgres/functions.ts"
import { describe, expect, it } from "vitest"

describe("isHarmless", () => {
  it.each([
    "count",
    "COUNT",
    "coalesce",
    "now",
    "jsonb_build_object",
    "row_number",
    "to_json",
    "pg_catalog.lower",
    "gen_random_uuid",
  ])("trusts %s", (name) => expect(isHarmless(name)).toBe(true))

  it.each([
    ["nextval", "it takes a number out of a sequence"],
    ["setval", "it changes a sequence"],
    ["txid_current", "it assigns a transaction id, though it is STABLE"],
    ["pg_current_xact_id", "it assigns a transaction id, though it is STABLE"],
    ["set_config", "it changes the session"],
    ["setseed", "it changes the session"],
    ["pg_advisory_lock", "it locks"],
    ["pg_notify", "it sends"],
    ["lo_unlink", "it deletes"],
    ["query_to_xml", "it runs any SQL"],
    ["ts_rewrite", "it runs any SQL"],
    ["dblink", "it runs any SQL elsewhere"],
    ["public.count", "it is somebody's own"],
    ['"count"', "it is not written as a built-in one is"],
    ["count(*), drop_everything", "it is no name"],
    ["similarity", "it comes from an extension"],
    ["syntax", "it is a heading of the list"],
    ["", "it is nothing"],
  ])("does not trust %j, because %s", (name) => {
    expect(isHarmless(name)).toBe(false)
  })
})

describe("reachesBeyondReadOnly", () => {
  it.each([
    "pg_notify",
    "PG_NOTIFY",
    "pg_advisory_xact_lock",
    "pg_try_advisory_lock",
    "set_config",
    "dblink",
    "lo_import",
    "pg_promote",
  ])("knows %s", (name) => expect(reachesBeyondReadOnly(name)).toBe(true))

  it.each([
    "count",
    "pg_notify_all",
    "my_pg_notify",
    "low",
    "log",
    "pg_get_expr",
    "pg_logical_slot_peek_changes",
    "select",
    "",
  ])("does not mean %j", (name) => expect(reachesBeyondReadOnly(name)).toBe(false))

  it("is nothing that is called harmless as well", () => {
    const both = ["setseed", "lo_get", "pg_relation_size", "pg_backend_pid", "random"].filter(
      (name) => isHarmless(name) && reachesBeyondReadOnly(name),
    )
    expect(both).toEqual([])
  })
})

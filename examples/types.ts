import { createDatabase, json } from "@kysely-resilient/core"
import { defineSchema, policy } from "@kysely-resilient/core/schema"

// A generated schema holds its policy; this one has nothing else.
const schema = defineSchema<object>({
  tables: {},
  policy: policy({
    int8: "number",
    "pg_catalog.point": { ts: "[number, number]", parse: (text) => text.slice(1, -1).split(",").map(Number) },
  }),
})
await using db = createDatabase({ schema })

const answer = await db.query(
  "select 42::int8 as n, '{1.10,NULL}'::numeric[] as prices, point(1, 2) as spot, $1::jsonb as tags",
  [json(["a", "b"])],
)
if (answer.isOk()) console.log(answer.value.rows[0])

const never = await db.query("select 'infinity'::timestamptz as ends_at")
if (never.isErr() && never.error.kind === "decode_failed") console.log(never.error.column, "is no", "Date")

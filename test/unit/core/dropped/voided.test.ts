import { endsInVoid } from "@kysely-resilient/core/src/dropped/voided.ts"
import { describe, expect, it } from "vitest"

describe("what stands before a call", () => {
  it.each([
    "void db.",
    "  void  db.",
    "const later = () => void db.",
    "f(); void db.",
    "{ void db.",
    "void query.$call(db.",
    "void db\n  .selectFrom('users')\n  .$call(db.",
    "void (await db.",
    "void Promise.all([\n  db.exec(a),\n  db.",
    "if (late) void db.",
  ])("is void: %j", (before) => expect(endsInVoid(before)).toBe(true))

  it.each([
    "db.",
    "await db.",
    "avoid db.",
    "x.void db.",
    "void 0; db.",
    "void db.transaction(async (tx) => { tx.",
    "void a()\ndb.",
    "void a()\nawait db.",
    "",
  ])("is not: %j", (before) => expect(endsInVoid(before)).toBe(false))
})

import { describe as tell, differences } from "@kysely-resilient/codegen-config/src/drift.ts"
import type { Structure } from "@kysely-resilient/codegen-config/src/structure.ts"
import { describe, expect, it } from "vitest"

const file: Structure = {
  accounts: { kind: "table", columns: { id: { type: "int4", nullable: false, generated: "default" } } },
  moods: { kind: "table", columns: { mood: { type: "public.mood", labels: ["a", "b"], nullable: true } } },
}

describe("the differences between a file and a database", () => {
  it.each<[string, Structure, readonly string[]]>([
    ["nothing", file, []],
    ["a table that went", { moods: file["moods"]! }, ["accounts: is in the file and not in the database"]],
    [
      "a table that came",
      { ...file, audit: { kind: "table", columns: {} } },
      ["audit: is in the database and not in the file"],
    ],
    [
      "a table that became a view",
      { ...file, accounts: { ...file["accounts"]!, kind: "view" } },
      ["accounts: kind is table in the file and view in the database"],
    ],
    [
      "several things about a column",
      { ...file, accounts: { kind: "table", columns: { id: { type: "public.id", base: "int4", nullable: true } } } },
      [
        "accounts.id: type is int4 in the file and public.id in the database",
        "accounts.id: base is none in the file and int4 in the database",
        "accounts.id: nullable is false in the file and true in the database",
        "accounts.id: generated is default in the file and none in the database",
      ],
    ],
    [
      "a renamed column",
      { ...file, accounts: { kind: "table", columns: { key: file["accounts"]!.columns["id"]! } } },
      ["accounts.id: is in the file and not in the database", "accounts.key: is in the database and not in the file"],
    ],
    [
      "labels in another order, which sort differently",
      {
        ...file,
        moods: { kind: "table", columns: { mood: { type: "public.mood", labels: ["b", "a"], nullable: true } } },
      },
      ['moods.mood: labels is ["a","b"] in the file and ["b","a"] in the database'],
    ],
  ])("are told one by one: %s", (_, database, expected) => {
    expect(differences(file, database).map(tell)).toEqual(expected)
  })
})

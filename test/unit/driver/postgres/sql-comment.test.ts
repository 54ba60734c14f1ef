import { sqlText } from "@kysely-resilient/driver/src/postgres/sql-text.ts"
import { encode } from "@kysely-resilient/driver/src/postgres/request.ts"
import { commented, sqlComment } from "@kysely-resilient/driver/src/postgres/sql-comment.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyText } from "../../../support/any-text.ts"
import { readFrontendMessages } from "../../../support/frontend-messages.ts"

describe("sqlComment", () => {
  it.each([
    [{ action: "find users" }, "/*action='find%20users'*/"],
    [{ route: "/users/:id", application: "shop" }, "/*application='shop',route='%2Fusers%2F%3Aid'*/"],
    [{ action: "it's */ over", b: undefined }, "/*action='it%27s%20%2A%2F%20over'*/"],
    [{ "a'*/b": "\0\n\\" }, "/*a%27%2A%2Fb='%00%0A%5C'*/"],
    [{ action: "" }, "/*action=''*/"],
    [{ "": "nameless" }, undefined],
    [{}, undefined],
  ])("writes %o as sqlcommenter does", (tags, comment) => {
    expect(sqlComment(tags)).toBe(comment)
  })

  it("sends 256 characters of a value, and 16 tags", () => {
    expect(sqlComment({ action: "x".repeat(300) })).toBe(`/*action='${"x".repeat(256)}'*/`)
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, "v"]))
    expect(sqlComment(many)?.split(",")).toHaveLength(16)
  })

  it("leaves out what JavaScript lets through as a value", () => {
    const tags = JSON.parse('{"a":1,"b":null,"c":{"d":"e"},"f":"g"}')
    expect(sqlComment(tags)).toBe("/*f='g'*/")
  })

  it("is one comment whatever is said, and can be read again", () => {
    const anyTags = fc.dictionary(anyText(20), anyText(40), { maxKeys: 5 })
    fc.assert(
      fc.property(anyTags, (tags) => {
        const entries = Object.entries(tags).filter(([key]) => key !== "")
        const comment = sqlComment(tags)
        expect(comment === undefined).toBe(entries.length === 0)
        expect(comment ?? "/**/").toMatch(/^\/\*[\w%=',.~-]*\*\/$/)
        const said = [...(comment ?? "").matchAll(/([^/*,=']+)='([^']*)'/g)]
        const read = said.map(([, key = "", value = ""]) => [decodeURIComponent(key), decodeURIComponent(value)])
        const wanted = entries.map(([key, value]) => [key.toWellFormed(), value.toWellFormed()])
        expect(read.map(String).toSorted()).toEqual(wanted.map(String).toSorted())
        expect(said.map(([pair]) => pair)).toEqual(said.map(([pair]) => pair).toSorted())
      }),
    )
  })
})

describe("commented", () => {
  it.each([
    ["select 1", "select 1 /*c*/"],
    ["select 1;", "select 1; /*c*/"],
    ["select 1 -- one", "select 1 -- one\n/*c*/"],
    ["select 1 -- one\n", "select 1 -- one\n /*c*/"],
    ["-- one\nselect 1", "-- one\nselect 1 /*c*/"],
    ["select '--'", "select '--'\n/*c*/"],
    ["", " /*c*/"],
  ])("goes behind %j", (sql, sent) => {
    expect(commented(sql, "/*c*/")).toBe(sent)
  })

  it("adds no statement to any text, and takes none away", () => {
    const piece = fc.constantFrom(
      "select 1",
      ";",
      "--",
      "\n",
      "\r",
      "/*",
      "*/",
      "'",
      '"',
      "$$",
      "$a$",
      "e'\\",
      " ",
      "x",
    )
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""))
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 3 }), (sql, pairs) => {
        const tags = Object.fromEntries(Array.from({ length: pairs }, (_, index) => [`k${index}`, "'*/; drop"]))
        const { statements } = sqlText(commented(sql, sqlComment(tags) ?? ""))
        expect(statements).toEqual(sqlText(sql).statements)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe("what is sent with a comment", () => {
  const textsOf = (bytes: Buffer): string[] =>
    readFrontendMessages(bytes).flatMap((message) => ("sql" in message ? [message.sql] : []))

  it("has it behind each text of the group", () => {
    const steps = [
      { do: "command", sql: "begin read only" },
      { do: "execute", sql: "select 1", parameters: [] },
      { do: "open-portal", sql: "select 2", parameters: [], portal: "p", rowsMax: 1 },
      { do: "learn", sql: "select 3" },
    ] as const
    expect(textsOf(encode({ protocol: "extended", steps }, {}, "/*c*/"))).toEqual([
      "begin read only /*c*/",
      "select 1 /*c*/",
      "select 2 /*c*/",
      "select 3 /*c*/",
    ])
    expect(textsOf(encode({ protocol: "simple", sql: "select 1; select 2" }, {}, "/*c*/"))).toEqual([
      "select 1; select 2 /*c*/",
    ])
  })

  it("leaves a named statement as it is, so that the server need not prepare it for each comment anew", () => {
    const step = { do: "execute", sql: "select 1", parameters: [], name: "one" } as const
    expect(textsOf(encode({ protocol: "extended", steps: [step] }, {}, "/*c*/"))).toEqual(["select 1"])
    expect(textsOf(encode({ protocol: "extended", steps: [step] }, { one: "select 1" }, "/*d*/"))).toEqual([])
  })
})

import { matches, type Matcher, type Moment } from "@kysely-resilient/testing/src/proxy/matcher.ts"
import { afterRows, beforeCommitReachesServer } from "@kysely-resilient/testing/src/proxy/instants.ts"
import { describe, expect, it } from "vitest"

const client: Moment = {
  from: "client",
  message: "Execute",
  at: "before",
  sql: ["insert into t", "commit"],
  fetch: false,
}
const server: Moment = {
  from: "server",
  message: "CommandComplete",
  at: "before",
  sql: ["insert into t"],
  row: 3,
  tag: "INSERT 0 1",
  status: undefined,
  code: undefined,
}

describe("matches", () => {
  it.each<[string, boolean, Matcher, Moment]>([
    ["a connect", true, { on: "connect" }, { on: "connect" }],
    ["no message when asked for a connect", false, { on: "connect" }, client],
    ["no connect when asked for a message", false, { from: "client", message: "Query" }, { on: "connect" }],
    ["a message", true, { from: "client", message: "Execute" }, client],
    ["one of several messages", true, { from: "client", message: ["Query", "Execute"] }, client],
    ["no other message", false, { from: "client", message: "Query" }, client],
    [
      "nothing of the same name from the other side",
      false,
      { from: "client", message: "CopyData" },
      { ...server, message: "CopyData" },
    ],
    ["before by default", false, { from: "client", message: "Execute" }, { ...client, at: "after" }],
    ["after if asked", true, { from: "client", message: "Execute", at: "after" }, { ...client, at: "after" }],
    ["inside if asked", true, { from: "client", message: "Execute", at: "inside" }, { ...client, at: "inside" }],
    ["a fetch", true, { from: "client", message: "Execute", fetch: true }, { ...client, fetch: true }],
    ["no first execution when asked for a fetch", false, { from: "client", message: "Execute", fetch: true }, client],
    [
      "no fetch when asked for a first",
      false,
      { from: "client", message: "Execute", fetch: false },
      { ...client, fetch: true },
    ],
    ["any of the statements", true, { from: "client", message: "Execute", sql: /commit/ }, client],
    ["no statement that is not there", false, { from: "client", message: "Execute", sql: /rollback/ }, client],
    [
      "nothing if there is no statement",
      false,
      { from: "client", message: "Execute", sql: /x/ },
      { ...client, sql: [] },
    ],
    ["a tag", true, { from: "server", message: "CommandComplete", tag: /^INSERT/ }, server],
    ["no other tag", false, { from: "server", message: "CommandComplete", tag: /^COMMIT$/ }, server],
    ["a row", true, { from: "server", message: "CommandComplete", row: 3 }, server],
    ["no other row", false, { from: "server", message: "CommandComplete", row: 2 }, server],
    ["no status where there is none", false, { from: "server", message: "CommandComplete", status: "I" }, server],
    [
      "a code by text",
      true,
      { from: "server", message: "ErrorResponse", code: "40001" },
      { ...server, message: "ErrorResponse", code: "40001" },
    ],
    [
      "a code by class",
      true,
      { from: "server", message: "ErrorResponse", code: /^40/ },
      { ...server, message: "ErrorResponse", code: "40P01" },
    ],
    [
      "no other code",
      false,
      { from: "server", message: "ErrorResponse", code: "40" },
      { ...server, message: "ErrorResponse", code: "40P01" },
    ],
    ["rows by number and statement", true, afterRows(3, /insert/), { ...server, message: "DataRow", at: "after" }],
  ])("finds %s", (_, expected, matcher, moment) => {
    expect(matches(matcher, moment)).toBe(expected)
  })

  it("does not remember where a global pattern stopped", () => {
    const matcher: Matcher = { from: "client", message: "Execute", sql: /commit/g }
    const moment: Moment = { ...client, sql: ["commit"] }
    expect([matches(matcher, moment), matches(matcher, moment)]).toEqual([true, true])
  })
})

describe("beforeCommitReachesServer", () => {
  it.each([
    ["commit", true],
    ["COMMIT;", true],
    [" commit work ", true],
    ["end", true],
    ["commit and chain", true],
    ["begin; insert into t values (1); commit", true],
    ["commit prepared 'x'", false],
    ["select 'commit'", false],
    ["commit; select 1", false],
    ["rollback", false],
    ["call end_of_day()", false],
  ])("%s: %s", (text, expected) => {
    expect(
      matches(beforeCommitReachesServer, { from: "client", message: "Query", at: "before", sql: [text], fetch: false }),
    ).toBe(expected)
  })
})
